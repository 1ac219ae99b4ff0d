"""What is shown about one person, to them and to their managers: more than one package knows, gathered for API and pages."""

"""Refusals of gold, of sets of known verdicts and of lots, as the domain says them. See `labels_sentences`."""

from callboard.pages.i18n import mark as _

GOLD_SENTENCES = (
    _("%(name)s is not rated in %(kind)s: %(known)s."),
    _("A correction says the right key, and nothing else does."),
    _("A defect needs a reason: what is wrong with the piece."),
    _("A dialogue that came with its task cannot be copied."),
    _("A key is a known answer, or bands of ratings: one of the two."),
    _("A known answer stays one, and bands stay bands; retire this gold and make another."),
    _("A lot has %(least)s to %(most)s pieces; this one would have %(size)s."),
    _("A piece is decided work of this project, by the verdict of a stage of its review."),
    _("A piece of work is in the set twice."),
    _("Nobody looked at this work; state its key."),
    _("Only accepted work becomes gold."),
    _("The AQL is one of %(known)s."),
    _("The band of %(name)s goes from its least to its most."),
    _("The column gold cannot be read: %(error)s."),
    _("The gold %(name)s cannot be made: %(error)s."),
    _("The key cannot be read: %(error)s."),
    _("The kind %(kind)s has no answer that is right or wrong; state bands of ratings."),
    _("The known answer does not fit %(kind)s: %(error)s."),
    _("The last day is before the first."),
    _("The task cannot be read: %(error)s."),
    _("There is a gold of this name already."),
    _("There is no such task in this project."),
    _("This answer has nothing that is right or wrong, and no ratings; state a key."),
)

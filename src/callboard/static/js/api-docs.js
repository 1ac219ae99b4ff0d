// The page of the API's description. Outside of it nothing uses this file.
const place = document.getElementById("api");
SwaggerUIBundle({ url: place.dataset.schema, domNode: place, deepLinking: true, docExpansion: "list", persistAuthorization: false });

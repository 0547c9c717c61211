// Shows /openapi.yaml. A file of its own, so that the page's policy needs no inline script.
window.addEventListener("load", () => SwaggerUIBundle({
  url: "/openapi.yaml", dom_id: "#reference", deepLinking: true, docExpansion: "list", defaultModelsExpandDepth: 0, showExtensions: true,
}));

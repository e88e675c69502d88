// Starts Swagger UI, signed in as the demo partner and customer; the documented responses are folded.

/** Name the problems that a response stands for, or give the first line of what is said of it. */
function summaryOf(description) {
  const problems = [...description.matchAll(/^\* `?urn:[\w:.-]*:([\w-]+)/gm)].map(([, name]) => name);
  return problems.join(", ") || description.split("\n")[0].replaceAll("`", "");
}

/** Show a documented response as a line, which opens it: opened, they fill ten screens. */
const foldedResponses = ({ React }) => ({
  wrapComponents: {
    response: (Response) => (given) => {
      const [open, setOpen] = React.useState(false);
      const button = { type: "button", className: "unfold", "aria-expanded": open, onClick: () => setOpen(!open) };
      const text = summaryOf(given.response.get("description") ?? "");
      const line = React.createElement("tr", { className: "response-line" },
        React.createElement("td", { className: "response-col_status" }, given.code),
        React.createElement("td", { colSpan: 2 }, React.createElement("button", button, text)));
      return React.createElement(React.Fragment, {}, line, open && React.createElement(Response, given));
    },
  },
});

fetch("/credentials.json").then((answer) => answer.json()).then((credentials) => {
  const ui = SwaggerUIBundle({
    url: "/openapi.json", dom_id: "#page", validatorUrl: null, tryItOutEnabled: true,
    defaultModelsExpandDepth: 0, plugins: [foldedResponses],
    onComplete: () => {
      for (const name in credentials) ui.preauthorizeApiKey(name, credentials[name]);
    },
  });
});

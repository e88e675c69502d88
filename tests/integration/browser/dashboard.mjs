// The dashboard's page: every widget is drawn, nothing is cut or complained of, what is hostile stays text.
import { wanted, withPage } from "./chromium.mjs";

/** In the page: tell what is shown where. */
function seen() {
  const below = (inner, outer) => inner.getBoundingClientRect().bottom > outer.getBoundingClientRect().bottom + 1;
  const parts = (element) => [...element.querySelectorAll(".legend, .legend li, .alarms li, .silence, .uplot")];
  const cut = (element) => parts(element).some((part) => below(part, element) || part.scrollHeight > part.clientHeight + 1);
  const shown = [...document.querySelectorAll(".widget")].map((element) => ({
    title: element.querySelector("h2")?.firstChild?.textContent ?? "",
    ready: element.dataset.ready === "true" || element.classList.contains("text"),
    text: element.textContent,
    graph: Boolean(element.querySelector("canvas")),
    said: element.querySelector("[role=img]")?.getAttribute("aria-label") ?? "",
    wide: element.scrollWidth > element.clientWidth + 1,
    cut: cut(element),
    columns: [...element.querySelectorAll("th")].map((heading) => heading.textContent),
    visible: element.offsetHeight > 0,
  }));
  return { shown, status: document.querySelector("#status").textContent, hurt: Boolean(window.hurt) };
}

/** Keep every graph that the page makes, to look at what it has drawn. */
function keepGraphs() {
  let made;
  window.graphs = [];
  const keeping = (Graph) => function (...given) {
    const graph = new Graph(...given);
    window.graphs.push(graph);
    return graph;
  };
  Object.defineProperty(window, "uPlot", { get: () => made, set: (Graph) => (made = keeping(Graph)) });
}

/** In the page: tell whether the first graph has ink between two moments, at the height of a value. */
function inked({ value, moments }) {
  const graph = window.graphs.at(-1);
  const y = Math.round(graph.valToPos(value, "left", true));
  return moments.map((at) => graph.ctx.getImageData(Math.round(graph.valToPos(at, "x", true)), y - 1, 1, 3).data.some(Boolean));
}

await withPage([], async (page) => {
  const complaints = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.emulateMedia({ colorScheme: wanted.scheme ?? "light" });
  if (wanted.size) await page.setViewportSize(wanted.size);
  await page.addInitScript(keepGraphs);
  await page.goto(wanted.url);
  await page.locator("body[data-ready=true]").waitFor();
  if (wanted.minutes) {
    await page.getByRole("button", { name: wanted.minutes, exact: true }).click();
    await page.locator("body[data-ready=true]").waitFor();
  }
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  const folded = await page.locator(".folded .fold").allInnerTexts();
  await page.evaluate(() => document.querySelectorAll(".folded .fold").forEach((one) => one.click()));
  await page.locator("body[data-ready=true]").waitFor();
  const ink = wanted.ink && (await page.evaluate(inked, wanted.ink));
  const elements = await page.locator("script, style, iframe, object, [onclick], [onerror], [onload]").evaluateAll(
    (found) => found.map((element) => element.outerHTML.slice(0, 100)));
  await page.screenshot({ path: wanted.picture, fullPage: true });
  return { ...(await page.evaluate(seen)), complaints, elements, height, folded, ink };
});

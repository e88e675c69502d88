// The dashboard's page: every widget is drawn, nothing is complained of, and what is hostile stays text.
import { wanted, withPage } from "./chromium.mjs";

/** In the page: tell what is shown where. */
function seen() {
  const shown = [...document.querySelectorAll(".widget")].map((element) => ({
    title: element.querySelector("h2")?.firstChild?.textContent ?? "",
    ready: element.dataset.ready === "true" || element.classList.contains("text"),
    text: element.textContent,
    graph: Boolean(element.querySelector("canvas")),
    said: element.querySelector("[role=img]")?.getAttribute("aria-label") ?? "",
    wide: element.scrollWidth > element.clientWidth + 1,
  }));
  return { shown, status: document.querySelector("#status").textContent, hurt: Boolean(window.hurt) };
}

await withPage([], async (page) => {
  const complaints = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.emulateMedia({ colorScheme: wanted.scheme ?? "light" });
  if (wanted.size) await page.setViewportSize(wanted.size);
  await page.goto(wanted.url);
  await page.locator("body[data-ready=true]").waitFor();
  if (wanted.minutes) {
    await page.getByRole("button", { name: wanted.minutes, exact: true }).click();
    await page.locator("body[data-ready=true]").waitFor();
  }
  const elements = await page.locator("script, style, iframe, object, [onclick], [onerror], [onload]").evaluateAll(
    (found) => found.map((element) => element.outerHTML.slice(0, 100)));
  await page.screenshot({ path: wanted.picture, fullPage: true });
  return { ...(await page.evaluate(seen)), complaints, elements };
});

// Swagger UI: the page renders, and "Try it out" works there.
import { wanted, withPage } from "./chromium.mjs";

/** Open an operation, execute it as it stands, and read the answer's status. */
async function tryOut(page, id) {
  const operation = page.locator(`[id$="-${id}"]`);
  await operation.locator(".opblock-summary-control").click();
  for (const [name, value] of Object.entries(wanted.parameters[id] ?? {})) {
    await operation.locator(`tr[data-param-name="${name}"] input`).fill(value);
  }
  await operation.locator("button.execute").click();
  const status = operation.locator(".live-responses-table tbody .response-col_status").first();
  await status.waitFor();
  return (await status.innerText()).trim().slice(0, 3);
}

/** Open an operation and one of its documented responses; tell which were open, before and after. */
async function unfold(page, id) {
  const operation = page.locator(`[id$="-${id}"]`);
  await operation.locator(".opblock-summary-control").click();
  const lines = await operation.locator(".response-line").allInnerTexts();
  const examples = () => operation.locator(".responses-table .model-example").count();
  const before = await examples();
  await operation.locator(".unfold").first().click();
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  return { lines, before, after: await examples(), width };
}

await withPage([], async (page) => {
  await page.emulateMedia({ colorScheme: wanted.scheme ?? "light" });
  if (wanted.size) await page.setViewportSize(wanted.size);
  await page.goto(wanted.docs);
  await page.locator(".opblock").first().waitFor();
  const box = await page.evaluate(() => ({
    width: document.documentElement.scrollWidth,
    ground: getComputedStyle(document.documentElement).backgroundColor,
    scheme: getComputedStyle(document.documentElement).colorScheme,
  }));
  const title = await page.locator(".info .title").innerText();
  const operations = await page.locator(".opblock").count();
  await page.screenshot({ path: wanted.overview });
  const statuses = {};
  for (const id of wanted.operations) statuses[id] = await tryOut(page, id);
  if (wanted.shown) await page.locator(`[id$="-${wanted.shown}"] .live-responses-table`).screenshot({ path: wanted.tried });
  if (!wanted.unfolded) return { title, operations, statuses };
  const unfolded = await unfold(page, wanted.unfolded);
  await page.screenshot({ path: wanted.tried, fullPage: true });
  await page.locator("nav a").click();
  await page.waitForURL(wanted.dashboard);
  await page.locator("header a", { hasText: "API" }).click();
  await page.waitForURL(wanted.docs);
  return { title, operations, statuses, unfolded, box };
});

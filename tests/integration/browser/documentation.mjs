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

await withPage([], async (page) => {
  await page.goto(wanted.docs);
  await page.locator(".opblock").first().waitFor();
  const title = await page.locator(".info .title").innerText();
  const operations = await page.locator(".opblock").count();
  await page.screenshot({ path: wanted.overview });
  const statuses = {};
  for (const id of wanted.operations) statuses[id] = await tryOut(page, id);
  const answer = page.locator(`[id$="-${wanted.shown}"] .live-responses-table`);
  await answer.screenshot({ path: wanted.tried });
  return { title, operations, statuses };
});

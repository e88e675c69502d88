// A dashboard that is not there: what the page says of it.
import { wanted, withPage } from "./chromium.mjs";

await withPage([], async (page) => {
  await page.goto(wanted.url);
  const status = page.locator("#status.bad");
  await status.waitFor();
  return { status: await status.innerText() };
});

// A page on a foreign origin tries to use the API, with a token that it has got hold of.
import { wanted, withPage } from "./chromium.mjs";

/** In the page: tell what came of a call, an answer that can be read or nothing. */
async function attempt({ url, options }) {
  try {
    const answer = await fetch(url, options);
    return `read ${answer.status}`;
  } catch (error) {
    return "nothing";
  }
}

await withPage(wanted.rules, async (page) => {
  await page.goto(`${wanted.origin}/`);
  const url = `${wanted.api}/orders`;
  const headers = { Authorization: wanted.token };
  const body = JSON.stringify(wanted.order);
  const placing = { ...headers, "Content-Type": "application/json", "Idempotency-Key": wanted.key };
  return {
    place: await page.evaluate(attempt, { url, options: { method: "POST", headers: placing, body } }),
    list: await page.evaluate(attempt, { url, options: { headers } }),
    simple: await page.evaluate(attempt, { url, options: {} }),
    health: await page.evaluate(attempt, { url: `${wanted.api}/health`, options: {} }),
  };
});

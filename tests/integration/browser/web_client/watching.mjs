// A customer watches an order: by conditional requests, seldom in a hidden tab, and over a network that is cut.
import { call, fillBasket, journey, orderShown, signIn, wanted } from "./driver.mjs";

await journey(async (page) => {
  await signIn(page, wanted);
  await (await fillBasket(page)).click();
  const orderId = await orderShown(page);
  const url = `${wanted.api}/orders/${orderId}`;
  const asked = [];
  page.on("response", (answer) => {
    if (answer.url() === url && answer.request().method() === "GET") {
      asked.push([answer.request().headers()["if-none-match"] ?? null, answer.status()]);
    }
  });
  await page.waitForResponse((answer) => answer.url() === url && answer.status() === 304);
  let away = true;
  await page.route(url, (route) => (away ? route.abort("internetdisconnected") : route.fallback()));
  await page.getByText("No connection").waitFor();
  const kept = await page.locator(".now").innerText();
  const body = JSON.stringify({ status: "REJECTED", reason: { code: "item-unavailable", text: "no basil" } });
  await call(wanted.operator, `/orders/${orderId}`, { method: "PATCH", body });
  away = false;
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await page.locator(".now", { hasText: "Rejected" }).waitFor();
  const said = await page.locator(".now").innerText();
  const before = asked.length;
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await page.waitForTimeout(1_500); // nothing is left to ask for: an order that is over changes no more
  return { orderId, asked, kept, said, after: asked.length - before };
});

// A customer orders, looks and cancels by the keyboard alone, while the restaurant's side moves the order.
import { call, journey, orderShown, reach, signIn, wanted } from "./driver.mjs";

/** Note what has the focus at the moment when another page is there: later it would interrupt who types. */
function noteFocus() {
  new MutationObserver((_, observer) => {
    if (document.querySelector("h1")?.textContent !== "Basket") return;
    window.focused = document.activeElement.textContent;
    observer.disconnect();
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
}

await journey(async (page) => {
  const keys = page.keyboard;
  await reach(page, "E-mail address");
  await keys.type(wanted.email);
  await reach(page, "Password");
  await keys.type(wanted.password);
  await keys.press("Enter");
  await page.getByRole("button", { name: "Add Tiramisù" }).waitFor();
  await reach(page, "Add Tiramisù");
  await keys.press("Enter");
  await reach(page, "To the basket");
  await page.evaluate(noteFocus);
  await keys.press("Enter");
  const typed = [["Street and number", "1 Market St"], ["Postal code", "94105"], ["City", "San Francisco"], ["Phone", "+14155550123"]];
  for (const [field, text] of typed) {
    await reach(page, field);
    await keys.type(text);
  }
  await page.getByRole("button", { name: /^Order for/ }).waitFor();
  await reach(page, "Order for");
  await keys.press("Space");
  const orderId = await orderShown(page);
  const body = JSON.stringify({ status: "CONFIRMED" });
  await call(wanted.operator, `/orders/${orderId}`, { method: "PATCH", body });
  await page.locator(".now", { hasText: "Accepted" }).waitFor(); // without a reload
  const focused = await page.evaluate(() => window.focused);
  await reach(page, "Cancel the order");
  await keys.press("Enter");
  await page.getByRole("dialog").waitFor();
  await keys.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  const still = await page.locator(".now").innerText();
  await reach(page, "Cancel the order");
  await keys.press("Enter");
  await page.getByRole("dialog").waitFor();
  await reach(page, "Cancel it");
  await keys.press("Enter");
  await page.locator(".now", { hasText: "Cancelled" }).waitFor();
  return { orderId, still, focused, address: await page.locator("address").innerText() };
});

// A customer orders once, and everything goes wrong: the button is hit twice, answers get lost, the network is cut, the page reloads.
import { fillBasket, journey, orderShown, signIn, wanted } from "./driver.mjs";

const ORDERS = `${wanted.api}/orders`;

/** Count what is sent to place orders, with the keys. */
function countPosts(page) {
  const keys = [];
  page.on("request", (request) => {
    if (request.method() === "POST" && request.url() === ORDERS) keys.push(request.headers()["idempotency-key"]);
  });
  return keys;
}

/** Let requests arrive and lose their answers, as often as said; gives how to stop. */
async function loseAnswers(page, times) {
  let lost = 0;
  await page.route(ORDERS, async (route) => {
    if (route.request().method() !== "POST" || lost >= times) return route.fallback();
    lost += 1;
    await route.fetch();
    return route.abort("connectionreset");
  });
}

const TASKS = {
  /** Twice on the button. */
  async twice(page, button) {
    await button.dblclick();
    return orderShown(page);
  },

  /** Two answers are lost after the order has arrived; the page asks again by itself. */
  async lost(page, button) {
    await loseAnswers(page, 2);
    await button.click();
    return orderShown(page);
  },

  /** The order arrives, its answer does not, and the page is loaded anew meanwhile. */
  async reloaded(page, button) {
    await loseAnswers(page, 1);
    const sent = page.waitForRequest((request) => request.method() === "POST" && request.url() === ORDERS);
    await button.click();
    await sent;
    await page.reload();
    return orderShown(page);
  },

  /** The API is out of reach for longer than the page tries by itself, and over a reload. */
  async cut(page, button) {
    let away = true;
    await page.route(`${wanted.api}/**`, (route) => (away ? route.abort("internetdisconnected") : route.fallback()));
    await button.click();
    await page.getByText("we do not know whether it arrived").waitFor();
    await page.getByRole("link", { name: "Look whether it is among your orders" }).click();
    await page.getByRole("heading", { name: "Your orders" }).waitFor();
    await page.getByRole("link", { name: /^Basket/ }).click();
    await page.reload();
    await page.getByText("we do not know whether it arrived").waitFor();
    away = false;
    await page.getByRole("button", { name: "Try again" }).click();
    return orderShown(page);
  },

  /** The whole browser loses its network before the click, and finds it again: nobody clicks again. */
  async offline(page, button) {
    await page.context().setOffline(true);
    await button.click();
    await page.getByText("we do not know whether it arrived").waitFor();
    await page.context().setOffline(false);
    return orderShown(page);
  },

  /** The token ends in the middle: the page signs in anew, and the order is placed then. */
  async signed_out(page, button) {
    let out = true;
    await page.route(ORDERS, (route) => (out ? route.fulfill({ status: 401, json: {} }) : route.fallback()));
    await button.click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    out = false;
    await signIn(page, wanted);
    return orderShown(page);
  },
};

await journey(async (page) => {
  const keys = countPosts(page);
  await signIn(page, wanted);
  const button = await fillBasket(page);
  const orderId = await TASKS[wanted.task](page, button);
  const left = await page.evaluate(() => Object.keys(localStorage).filter((name) => name.startsWith("placing:")));
  const basket = await page.evaluate(() => sessionStorage.getItem("basket"));
  return { orderId, keys, left, basket };
});

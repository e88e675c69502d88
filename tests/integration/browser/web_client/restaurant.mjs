// A restaurant's staff sees what comes in, accepts and rejects, and goes on to ready; once with an answer that gets lost.
import { journey, look, signIn, wanted } from "./driver.mjs";

const BASE = `${wanted.api}/restaurants/${wanted.restaurant}/orders`;

/** Find the ticket of an order. */
function ticket(page, orderId) {
  return page.getByRole("article", { name: `Order ${orderId.slice(-6)}` });
}

/** Lose the answer of the next change, once it is made. */
async function loseNextAnswer(page) {
  let lost = false;
  await page.route(`${BASE}/*`, async (route) => {
    if (route.request().method() !== "PATCH" || lost) return route.fallback();
    lost = true;
    await route.fetch();
    return route.abort("connectionreset");
  });
}

await journey(async (page) => {
  const [first, second] = wanted.orders;
  const looks = [];
  await signIn(page, wanted);
  await page.getByRole("heading", { name: wanted.restaurant }).waitFor();
  const accepted = ticket(page, first);
  await accepted.waitFor();
  const left = await accepted.getByRole("timer").innerText();
  const shown = await accepted.innerText();
  looks.push(await look(page, "restaurant-new"));
  await loseNextAnswer(page);
  await accepted.getByRole("button", { name: /^20/ }).click();
  await accepted.getByText("Ready at").waitFor();
  const promised = await accepted.getByText("Ready at").innerText();
  await accepted.getByRole("button", { name: "10 min later" }).click();
  await accepted.getByText(promised).waitFor({ state: "detached" });
  const rejected = ticket(page, second);
  await rejected.getByRole("button", { name: "Reject" }).click();
  await page.getByLabel("Reason").selectOption("too-busy");
  await page.getByLabel("In your words").fill("until eight");
  looks.push(await look(page, "restaurant-reason"));
  await page.getByRole("button", { name: "Reject it" }).click();
  await rejected.waitFor({ state: "detached" });
  await accepted.getByRole("button", { name: "Start cooking" }).click();
  await accepted.getByRole("button", { name: "Ready", exact: true }).click();
  await accepted.getByRole("button", { name: "Picked up" }).waitFor();
  looks.push(await look(page, "restaurant-ready"));
  let away = true;
  await page.route(`${wanted.api}/**`, (route) => (away ? route.abort("internetdisconnected") : route.fallback()));
  await page.getByText("No connection").waitFor();
  const kept = await accepted.isVisible();
  away = false;
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await page.getByText("No connection").waitFor({ state: "hidden" });
  return { left, shown, kept, looks };
});

// An operator finds an order, sees its history and its trace, and moves it; once with an answer that gets lost.
import { journey, look, signIn, wanted } from "./driver.mjs";

const { orderId } = wanted;
const URL_OF_IT = `${wanted.api}/orders/${orderId}`;

/** Lose the answer of the next change, once it is made. */
async function loseNextAnswer(page) {
  let lost = false;
  await page.route(URL_OF_IT, async (route) => {
    if (route.request().method() !== "PATCH" || lost) return route.fallback();
    lost = true;
    await route.fetch();
    return route.abort("connectionreset");
  });
}

await journey(async (page) => {
  const looks = [];
  await signIn(page, wanted);
  await page.getByRole("heading", { name: "Find an order" }).waitFor();
  await page.getByLabel("Order's number").fill("no number");
  await page.getByRole("button", { name: "Find" }).click();
  const refused = await page.getByRole("alert").innerText();
  await page.getByLabel("Order's number").fill("");
  await page.getByLabel("Partner", { exact: true }).fill("acme-pos");
  await page.getByLabel("Partner's own number").fill(wanted.reference);
  await page.getByRole("button", { name: "Find" }).click();
  const link = page.locator(`a[href="#/orders/${orderId}"]`);
  await link.waitFor();
  looks.push(await look(page, "operator-found"));
  await link.click();
  await page.locator(".now", { hasText: "Waiting for the restaurant" }).waitFor();
  await page.getByRole("button", { name: "Draw its trace" }).click();
  const steps = page.locator(".trace tbody th");
  await steps.first().waitFor();
  looks.push(await look(page, "operator-order"));
  const drawn = await steps.allInnerTexts();
  await loseNextAnswer(page);
  await page.getByRole("button", { name: "Accept" }).click();
  await page.locator(".now", { hasText: "Accepted" }).waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByLabel("Reason").selectOption("technical");
  await page.getByLabel("In your words").fill("the oven is broken");
  looks.push(await look(page, "operator-reason"));
  await page.getByRole("button", { name: "Cancel it" }).click();
  await page.locator(".now", { hasText: "Cancelled" }).waitFor();
  await page.getByText("nothing moves it any more").waitFor();
  const history = await page.locator(".history li").allInnerTexts();
  return { refused, drawn, history, looks };
});

// What the journeys through the web client share: signing in, looking, and cutting the network.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { wanted, withPage } from "../chromium.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const LEVEL = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] };

// Requests that a journey cuts, and what the library for sign-in says where Cognito is the emulator.
const EXPECTED = /^Failed to load resource|custom Amazon Amazon Cognito User Pool endpoint/;

/** Let the page look and try again five times as soon. How long it waits for an answer stays. */
function hurry() {
  const later = window.setTimeout;
  window.setTimeout = (task, pause = 0, ...more) => later(task, pause / 5, ...more);
}

/** Run a journey on the web client's page; gives what it saw, and what the browser complained of. */
export async function journey(task) {
  await withPage(wanted.rules, async (page) => {
    const complaints = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type()) && !EXPECTED.test(message.text())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.emulateMedia({ colorScheme: wanted.scheme ?? "light" });
    if (wanted.size) await page.setViewportSize(wanted.size);
    await page.addInitScript(hurry);
    await page.goto(`${wanted.origin}/`);
    return { ...(await task(page)), complaints };
  });
}

/** Sign in by e-mail address and password, as everybody does where it is hosted. */
export async function signIn(page, { email, password }) {
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("button", { name: /^Sign out/ }).waitFor();
}

/** Take a picture where one is wanted, and say what axe-core finds there at AA. */
export async function look(page, name) {
  await page.waitForTimeout(200); // colours fade in
  if (wanted.pictures) await page.screenshot({ path: `${wanted.pictures}/${name}.png` });
  await page.evaluate(AXE);
  const { violations } = await page.evaluate((runOnly) => axe.run(document, { runOnly }), LEVEL);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  return {
    name,
    wide,
    findings: violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`),
  };
}

/** Call the API beside the page, as somebody else. */
export async function call(token, path, options = {}) {
  const headers = { Authorization: token, "Content-Type": "application/json", ...options.headers };
  const answer = await fetch(wanted.api + path, { ...options, headers });
  return answer.json();
}

export { wanted };

/** Go on by Tab alone until something of this name has the focus. */
export async function reach(page, name) {
  for (let pressed = 0; pressed < 120; pressed += 1) {
    await page.keyboard.press("Tab");
    const here = await page.evaluate(() => {
      const at = document.activeElement;
      if (!at.matches("a, button, input, select, textarea")) return { label: "" };
      const label = at.labels?.[0]?.textContent ?? at.getAttribute("aria-label") ?? at.textContent;
      return { label, ring: getComputedStyle(at).outlineStyle !== "none" };
    });
    if (!here.label.includes(name)) continue;
    if (!here.ring) throw new Error(`${name} has the focus, and nobody sees it`);
    return;
  }
  throw new Error(`Tab does not reach ${name}`);
}

/** Put a dish of a restaurant into the basket, and open that. */
export async function fillBasket(page, dish = "Pizza Margherita") {
  await page.getByRole("button", { name: `Add ${dish}` }).click();
  await page.getByRole("link", { name: /To the basket/ }).click();
  await page.getByLabel("Street and number").fill("1 Market St");
  await page.getByLabel("Postal code").fill("94105");
  await page.getByLabel("City", { exact: true }).fill("San Francisco");
  await page.getByLabel("Phone").fill("+1 415 555 0123");
  const button = page.getByRole("button", { name: /^Order for/ });
  await button.waitFor();
  return button;
}

/** Wait for the page of an order; gives its number. */
export async function orderShown(page, said = "Waiting for the restaurant") {
  await page.waitForURL(/#\/orders\/[0-9a-f-]{36}$/);
  await page.locator(".now", { hasText: said }).waitFor();
  return page.url().split("/").pop();
}

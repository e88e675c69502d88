// Somebody makes an account, signs out, forgets the password, and sets a new one.
import { journey, look, wanted } from "./driver.mjs";

const FIRST = "First-password-1", SECOND = "Second-password-2";

await journey(async (page) => {
  const looks = [];
  const press = (name) => page.getByRole("button", { name, exact: true }).click();
  await press("Create an account");
  await page.getByLabel("E-mail address").fill(wanted.address);
  await page.getByLabel("New password").fill(FIRST);
  looks.push(await look(page, "account"));
  await press("Create it");
  await page.getByLabel("Code of our mail").fill(wanted.code);
  looks.push(await look(page, "account-code"));
  await press("Confirm");
  await page.getByRole("heading", { name: "Menu" }).waitFor();
  await page.getByRole("button", { name: /^Sign out/ }).click();
  await press("Forgotten your password?");
  await page.getByLabel("E-mail address").fill(wanted.address);
  await press("Send a code");
  await page.getByLabel("Code of our mail").fill(wanted.code);
  await page.getByLabel("New password").fill(SECOND);
  looks.push(await look(page, "forgotten-code"));
  await press("Set it");
  await page.getByRole("heading", { name: "Menu" }).waitFor();
  await page.getByRole("button", { name: /^Sign out/ }).click();
  await page.getByLabel("E-mail address").fill(wanted.address);
  await page.getByLabel("Password").fill(FIRST);
  await press("Sign in");
  return { looks, refused: await page.getByRole("alert").innerText() };
});

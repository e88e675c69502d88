// The documentation site, opened from its folder: it searches, goes dark, and asks no other host.
import { wanted, withPage } from "./chromium.mjs";

const width = (page) => page.evaluate(() => document.documentElement.scrollWidth);

/** Visit pages in one colour scheme and size; give how wide each is, and its ground's colour. */
async function look(page) {
  const seen = {};
  for (const name of wanted.pages) {
    await page.goto(`${wanted.site}/${name}.html`);
    if (wanted.pictures) {
      const file = `${wanted.pictures}/${name.replaceAll("/", "-")}-${wanted.scheme}-${wanted.size.width}.png`;
      await page.screenshot({ path: file });
    }
    const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const shown = await page.evaluate(() =>
      [...document.querySelectorAll("article img")]
        .filter((image) => image.offsetParent && image.complete && image.naturalWidth > 0)
        .map((image) => image.src.split("/").pop()),
    );
    seen[name] = { width: await width(page), ground, shown };
  }
  return seen;
}

/** Search as a reader does; give the titles found, and the heading of the first. */
async function search(page) {
  await page.goto(`${wanted.site}/index.html`);
  await page.locator("input.sidebar-search").fill(wanted.search);
  await page.locator("input.sidebar-search").press("Enter");
  await page.locator("#search-results li a").first().waitFor();
  const found = await page.locator("#search-results li > a").allInnerTexts();
  await page.locator("#search-results li a").first().click();
  return { found, heading: await page.locator("article h1").innerText() };
}

/** Press the button for colours until the page has changed its ground. */
async function toggle(page) {
  const theme = () => page.evaluate(() => document.body.dataset.theme);
  const seen = [];
  for (let pressed = 0; pressed < 3; pressed += 1) {
    await page.locator(".theme-toggle:visible").first().click();
    seen.push(await theme());
  }
  return seen;
}

await withPage([], async (page) => {
  await page.emulateMedia({ colorScheme: wanted.scheme });
  await page.setViewportSize(wanted.size);
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  const seen = await look(page);
  if (!wanted.search) return { seen, faults };
  return { seen, ...(await search(page)), themes: await toggle(page), faults };
});

// Starts headless Chromium with a page, hands it to a task, and prints what the task gives as JSON.
import chromium from "@sparticuz/chromium";
import { chromium as playwright } from "playwright-core";

/** Read what the test wants: the one argument, as JSON. */
export const wanted = JSON.parse(process.argv[2]);

// Lambda's defaults of the package would let every page read every answer: no browser of a person does.
const UNSAFE = /web-security|site-isolation|insecure|IsolateOrigins/;

/** Run a task with a new page; `rules` say to which addresses names lead. */
export async function withPage(rules, task) {
  const browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    headless: true,
    args: [
      ...chromium.args.filter((argument) => !UNSAFE.test(argument)),
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
      `--host-resolver-rules=${rules.join(",")}`,
    ],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    const requested = [];
    page.on("request", (request) => requested.push(request.url()));
    console.log(JSON.stringify({ ...(await task(page)), requested }));
  } finally {
    await browser.close();
  }
}

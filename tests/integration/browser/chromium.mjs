// Starts headless Chromium with a page, hands it to a task, and prints what the task gives as JSON.
import chromium from "@sparticuz/chromium";
import { chromium as playwright } from "playwright-core";

/** Read what the test wants: the one argument, as JSON. */
export const wanted = JSON.parse(process.argv[2]);

// Its software for 3D would draw every page: that takes twice the processor time, and no page has 3D.
chromium.setGraphicsMode = false;

// Lambda's defaults of the package would let every page read every answer: no browser of a person does.
const UNSAFE = /web-security|site-isolation|insecure|IsolateOrigins/;

// What no rule names leads nowhere: a request to another host fails, whoever makes it.
const NOWHERE = ["MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1"];

// headless_shell takes a proxy from the environment even with --no-proxy-server.
const variables = Object.entries(process.env).filter(([name]) => !/_proxy$/i.test(name));
const env = Object.fromEntries(variables);

/** Start Chromium, or end with the sentence that says why it does not start. */
async function launch(args, starts = 2) {
  try {
    return await playwright.launch({ executablePath: await chromium.executablePath(), args, env });
  } catch (error) {
    // On a busy machine it ends at times before it has answered; where it cannot start, it never does.
    if (starts > 1) return launch(args, starts - 1);
    const [, reason] = /\[err\] (.*)/.exec(error.message) ?? [, error.message.split("\n")[0]];
    console.error(`The tests' Chromium, for Linux on x86-64, cannot start on this machine: ${reason}`);
    process.exit(1);
  }
}

/** Run a task with a new page; `rules` say to which addresses names lead. */
export async function withPage(rules, task) {
  const browser = await launch([
    ...chromium.args.filter((argument) => !UNSAFE.test(argument)),
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    `--host-resolver-rules=${[...rules, ...NOWHERE].join(",")}`,
  ]);
  try {
    // Without a language it would take one from the environment that no browser of a person has.
    const page = await browser.newPage({ viewport: { width: 1280, height: 1000 }, locale: "en-US" });
    const requested = [];
    page.on("request", (request) => requested.push(request.url()));
    console.log(JSON.stringify({ ...(await task(page)), requested }));
  } finally {
    await browser.close();
  }
}

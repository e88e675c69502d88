// A page elsewhere tries everything that needs no permission to have something done on this machine.
import { wanted, withPage } from "./chromium.mjs";

const { aws, docs, page: home } = wanted;
const queue = (name) => `${aws}/?Action=CreateQueue&Version=2012-11-05&QueueName=${wanted.planted}-${name}`;

/** In the page: send what no browser asks about first. */
async function attack({ functions, code, image, form, beacon, socket }) {
  const simple = { method: "POST", mode: "no-cors", body: code };
  await fetch(functions, simple).catch(() => null);
  await fetch(`${functions}/any/invocations`, { ...simple, body: "{}" }).catch(() => null);
  navigator.sendBeacon(beacon);
  const loaded = new Promise((done) => Object.assign(new Image(), { onload: done, onerror: done, src: image }));
  document.body.innerHTML = `<iframe name="hidden"></iframe><form method="post" target="hidden" enctype="text/plain">`;
  const framed = new Promise((done) => document.querySelector("iframe").addEventListener("load", done));
  Object.assign(document.forms[0], { action: form }).submit();
  const opened = new Promise((done) => {
    const it = new WebSocket(socket);
    Object.assign(it, { onopen: () => done(true), onerror: () => done(false) });
  });
  await Promise.all([loaded, framed]);
  return { opened: await opened };
}

/** In the page: call this origin, which leads to the emulator. */
async function ask(path) {
  const answer = await fetch(path, { method: "POST", body: "{}" });
  return { status: answer.status, said: await answer.text() };
}

/** Follow a link from the page; gives the status of what it opens. */
async function follow(page, href) {
  await page.goto(home);
  await page.setContent(`<a href="${href}">a link</a>`);
  const [answer] = await Promise.all([page.waitForResponse(href), page.locator("a").click()]);
  await page.waitForLoadState();
  return answer.status();
}

await withPage(wanted.rules, async (page) => {
  const answers = {};
  page.on("response", (answer) => {
    const url = answer.url();
    // Of a beacon the browser tells nothing, and for a page's icon it asks by itself.
    if (url.startsWith(aws) && !url.endsWith("icon.ico")) (answers[url.slice(aws.length)] ??= []).push(answer.status());
  });
  await page.goto(home);
  const seen = await page.evaluate(attack, {
    functions: `${aws}/2015-03-31/functions`,
    code: wanted.code,
    image: queue("image"),
    form: queue("form"),
    beacon: queue("beacon"),
    socket: `${aws.replace("http", "ws")}/_aws/execute-api/any/v1`,
  });
  const linked = { queue: await follow(page, queue("link")), docs: await follow(page, docs) };
  const title = await page.title();
  await page.goto(wanted.rebound);
  return { ...seen, linked, title, answers, rebound: await page.evaluate(ask, "/2015-03-31/functions") };
});

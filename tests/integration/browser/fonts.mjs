// With which fonts a page's text is drawn, whatever family it asks for.
import { wanted, withPage } from "./chromium.mjs";

/** Name the fonts in which an element's text is drawn. */
async function fontsOf(devtools, nodeId) {
  const { fonts } = await devtools.send("CSS.getPlatformFontsForNode", { nodeId });
  return fonts.map((font) => font.familyName);
}

await withPage([], async (page) => {
  const texts = wanted.families.map((family) => `<p style="font-family: ${family}">${wanted.text}</p>`);
  await page.setContent(texts.join(""));
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("DOM.enable");
  await devtools.send("CSS.enable");
  const { root } = await devtools.send("DOM.getDocument");
  const { nodeIds } = await devtools.send("DOM.querySelectorAll", { nodeId: root.nodeId, selector: "p" });
  return { fonts: await Promise.all(nodeIds.map((nodeId) => fontsOf(devtools, nodeId))) };
});

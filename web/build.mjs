// Builds the web client into files that any web server can serve: node build.mjs FOLDER
import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const here = import.meta.dirname;
const folder = process.argv[2] ?? join(here, "dist");

await rm(folder, { recursive: true, force: true });
await mkdir(join(folder, "assets"), { recursive: true });

const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: ["src/main.tsx", "src/style.css"],
  outdir: join(folder, "assets"),
  entryNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "linked",
  metafile: true,
  logLevel: "warning",
});

/** Names what a source became, as the page asks for it. */
function made(source) {
  const found = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === source);
  return `assets/${found[0].split("/").pop()}`;
}

/** Says what a file must be, so that a page takes no other (Subresource Integrity). */
async function integrity(name) {
  return `sha384-${createHash("sha384").update(await readFile(join(folder, name))).digest("base64")}`;
}

const names = { SCRIPT: made("src/main.tsx"), STYLE: made("src/style.css") };
let page = await readFile(join(here, "src/index.html"), "utf8");
for (const [mark, name] of Object.entries(names)) {
  page = page.replace(`{${mark}}`, name).replace(`{${mark}_INTEGRITY}`, await integrity(name));
}
await writeFile(join(folder, "index.html"), page);
await copyFile(join(here, "src/icon.svg"), join(folder, "assets/icon.svg"));

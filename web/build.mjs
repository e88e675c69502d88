// Builds the web client into files that any web server can serve: node build.mjs FOLDER
import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
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
  legalComments: "none",
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

/** Collects the licences of the packages that are in the bundle: who passes it on passes them on. */
async function licences() {
  const packages = new Set();
  for (const source of Object.keys(metafile.inputs)) {
    const [, name] = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(source) ?? [];
    if (name) packages.add(name);
  }
  const texts = [...packages].sort().map(async (name) => {
    const at = join(here, "node_modules", name);
    const file = (await readdir(at)).find((each) => /^licen[cs]e/i.test(each));
    const { version, license } = JSON.parse(await readFile(join(at, "package.json"), "utf8"));
    const text = file ? await readFile(join(at, file), "utf8") : "";
    return `${name} ${version} (${license})\n\n${text}`;
  });
  return (await Promise.all(texts)).join(`\n${"-".repeat(80)}\n\n`);
}

const names = { SCRIPT: made("src/main.tsx"), STYLE: made("src/style.css") };
let page = await readFile(join(here, "src/index.html"), "utf8");
for (const [mark, name] of Object.entries(names)) {
  page = page.replace(`{${mark}}`, name).replace(`{${mark}_INTEGRITY}`, await integrity(name));
}
await writeFile(join(folder, "index.html"), page);
await copyFile(join(here, "src/icon.svg"), join(folder, "assets/icon.svg"));
await writeFile(join(folder, "licences.txt"), await licences());

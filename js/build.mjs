// Writes lsnb/widgets/static: the same bytes each time for the same sources and lock file.
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

process.chdir(dirname(fileURLToPath(import.meta.url)));
const out = "../lsnb/widgets/static";
const bundled = ["ag-grid-community", "ag-stack"];

await build({
  entryPoints: ["src/index.js"],
  outfile: `${out}/grid.js`,
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  charset: "utf8",
  legalComments: "none", // the licences stand whole in THIRD_PARTY.txt
  logLevel: "warning",
});
copyFileSync("src/grid.css", `${out}/grid.css`);

const licences = bundled.map((name) => {
  const folder = `node_modules/${name}`;
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? readFileSync(`${folder}/${file}`, "utf8").replaceAll("\r\n", "\n").trim() : "";
  return `${name} ${version} (${license})\n\n${text}\n`;
});
writeFileSync(`${out}/THIRD_PARTY.txt`, `grid.js contains:\n\n${licences.join("\n")}`);

// A test in Python compares this, so that a stale bundle is found on a machine without node.
const inputs = ["build.mjs", "package-lock.json", "package.json", ...readdirSync("src").sort().map((name) => `src/${name}`)];
const hash = createHash("sha256");
for (const name of inputs) hash.update(`${name}\n`).update(readFileSync(name));
writeFileSync(`${out}/SOURCE.sha256`, `${hash.digest("hex")}\n`);

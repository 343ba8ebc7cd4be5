// The file_input element: uploads at once, and holds the files' ids.

import { upload } from "./api.js";
import { announce, fill, h, icon } from "./dom.js";
import { store } from "./store.js";

export function pickFiles(spec, name, changed) {
  const most = spec.max_files || 10;
  let held = [];
  const list = h("ul", { class: "held-files" });
  const show = () => fill(list, held.map((file) => h("li", {}, icon("file", 16), file.name, h("button", { type: "button", class: "link", onclick: () => drop(file) }, "Remove"))));
  const drop = (file) => {
    held = held.filter((each) => each !== file);
    show();
    changed(held.map((each) => each.id));
  };
  const input = h("input", { type: "file", "aria-label": name, multiple: most > 1, accept: (spec.filetypes || []).map((type) => `.${type}`).join(",") || null, onchange: () => take([...input.files]) });
  const take = async (files) => {
    for (const file of files.slice(0, most - held.length)) {
      try {
        held.push(await upload({ as: store.me.name, name: file.name }, file, () => {}));
      } catch (error) {
        announce(`${file.name} could not be uploaded: ${error.message}`, "error");
      }
    }
    input.value = "";
    show();
    changed(held.map((each) => each.id));
  };
  return h("div", { class: "file-field" }, input, list);
}

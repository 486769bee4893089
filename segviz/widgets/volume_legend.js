// What the colours of labels mean, for pictures of volumes.
import { element, putText } from "./core.js";

// A line with a patch of colour before each name of scene.classes but the background's.
export function legend(view) {
  const { classes, colours } = view.scene;
  const line = element("p", { class: "segviz-whole" });
  classes.slice(1).forEach((name, i) => {
    const at = 3 * (i % colours.shape[0]);
    const [red, green, blue] = colours.slice(at, at + 3);
    const patch = element("span", { "aria-hidden": "true" });
    Object.assign(patch.style, {
      display: "inline-block", width: "14px", height: "14px", margin: "0 6px -2px 0",
      background: `rgb(${red} ${green} ${blue})`, border: "1px solid var(--segviz-line)",
    });
    const words = element("span");
    putText(words, name);
    words.style.marginRight = "18px";
    line.append(patch, words);
  });
  line.style.margin = "0";
  return line;
}

// Cells to type numbers in.
import { format, parse, putAttribute } from "./core.js";

const ON_ITS_WAY = /^\s*[-−]?\d*[.,]?\d*\s*$/;
const NO_NUMBER = "Type a number, such as 2 or -1.5. What is no number is put back.";

// typedNumber(input, {onNumber, digits}): onNumber(number) with each number that is typed
//   put(number): the number that holds, or null for none; what is being typed stays as it is
//   drop(): what was typed last is not what holds
// When the reader leaves the cell, or with Enter, what was refused goes back to the number that
// stood there before.
export function typedNumber(input, { onNumber, digits = 2 }) {
  let [held, before, sent, refused] = [null, null, null, false];
  const show = () => {
    const text = held == null ? "" : format(held, digits);
    if (input.value !== text) input.value = text;
  };
  const mark = (wrong, words = "") => {
    refused = wrong;
    putAttribute(input, "aria-invalid", String(wrong));
    input.setCustomValidity(words);
  };
  const drop = () => {
    sent = null;
    mark(false);
  };
  const settle = () => {
    if (refused) onNumber(before);
    else if (sent !== null) before = sent;
    drop();
    show();
  };
  input.addEventListener("focus", () => (before = held));
  input.addEventListener("input", () => {
    const number = parse(input.value);
    sent = number;
    mark(!Number.isFinite(number), ON_ITS_WAY.test(input.value) ? "" : NO_NUMBER);
    if (refused) input.reportValidity();
    else onNumber(number);
  });
  input.addEventListener("blur", settle);
  input.addEventListener("keydown", (event) => event.key === "Enter" && settle());
  const put = (number) => {
    held = number;
    if (sent === null || document.activeElement !== input) show();
    else if (Number.isFinite(sent) && number !== sent) mark(true);
  };
  return { put, drop };
}

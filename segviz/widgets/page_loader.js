// Starts a saved page: its script and its state lie in it compressed, so that the file is small.
globalThis.segvizInflate = async (id) => {
  const packed = atob(document.getElementById(id).textContent);
  const bytes = Uint8Array.from(packed, (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

try {
  const text = new TextDecoder().decode(await segvizInflate("segviz-script"));
  document.head.append(Object.assign(document.createElement("script"),
    { type: "module", textContent: text }));
} catch (error) {
  // A browser from before 2023: it gets what one without scripts gets.
  document.querySelector("main").insertAdjacentHTML("beforeend",
    document.querySelector("noscript").textContent);
  throw error;
}

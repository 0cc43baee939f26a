/** The page's icons, drawn as lines. */

const NS = "http://www.w3.org/2000/svg";

const PATHS = {
  hash: "M9 4 7 20M17 4l-2 16M4 9h17M3 15h17",
  home: "M4 11 12 4l8 7v8.5H14.5V14h-5v5.5H4z",
  mail: "M3.5 6h17v12.5h-17zM4 6.5l8 6.5 8-6.5",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.3a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4z",
  spark: "M13 3 5 13.5h6L10 21l8.5-11H12z",
  plus: "M12 5v14M5 12h14",
  send: "M4 12 3.5 4.5 21 12 3.5 19.5zM4 12h8",
  dots: "M12 5.5v.1M12 12v.1M12 18.5v.1",
  thread: "M4 5h16v11H11l-4.5 3.5V16H4z",
  smile: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM8.7 14.2c1.6 2.2 5 2.2 6.6 0M9.2 9.6v.2M14.8 9.6v.2",
  close: "M6 6l12 12M18 6 6 18",
  menu: "M4 7h16M4 12h16M4 17h16",
  layers: "M12 4 3.5 8.5 12 13l8.5-4.5zM3.5 13 12 17.5 20.5 13",
  file: "M6 3.5h8l4 4v13H6zM13.5 4v4.5H18",
  warning: "M12 4 2.8 19.5h18.4zM12 10v4.5M12 17v.1",
  bolt: "M4 17 10 7l4 6 2-3 4 7z",
};

/** @param {keyof typeof PATHS} name @returns {SVGSVGElement} */
export function icon(name) {
  const svg = document.createElementNS(NS, "svg");
  for (const [key, value] of Object.entries({
    viewBox: "0 0 24 24", class: "icon", fill: "none", stroke: "currentColor", "aria-hidden": "true",
    "stroke-width": name === "dots" ? "2.6" : "1.7", "stroke-linecap": "round", "stroke-linejoin": "round",
  })) svg.setAttribute(key, value);
  const path = document.createElementNS(NS, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** What the page says to its server, and what the server tells it. */

/** @typedef {import("./types.js").Json} Json */
/** @typedef {import("./types.js").Where} Where */

export class Talk {
  /**
   * @param {string} as  who acts
   * @param {(sentence: string) => void} complain
   */
  constructor(as, complain) {
    this.as = as;
    this.complain = complain;
  }

  /** Do something as a person would. @param {Json} act @returns {Promise<boolean>} whether it could be done */
  async act(act) {
    return (await this.post("/api/act", { as: this.as, ...act })) !== null;
  }

  /** What the app offers for what is typed. @param {Json} asked @returns {Promise<Json[]>} */
  async options(asked) {
    return (await this.post("/api/options", { as: this.as, ...asked }))?.options ?? [];
  }

  /** @param {Json} change @returns {Promise<boolean>} */
  async turn(change) {
    return (await this.post("/api/switch", change)) !== null;
  }

  /** @param {string} path @param {Json} body @returns {Promise<Json | null>} */
  async post(path, body) {
    try {
      const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
      const said = await answer.json();
      if (answer.ok && said.ok !== false) return said;
      this.complain(said.error ?? `That did not work (${answer.status}).`);
    } catch {
      this.complain("The page's server did not answer. Is it still running?");
    }
    return null;
  }
}

/**
 * Hear of every change. @param {string} path @param {string} event
 * @param {(heard: any) => void} hear @param {(connected: boolean) => void} [connection]
 * @returns {EventSource}
 */
export function listen(path, event, hear, connection = () => {}) {
  const source = new EventSource(path);
  source.addEventListener(event, (message) => hear(JSON.parse(message.data)));
  source.addEventListener("open", () => connection(true));
  source.addEventListener("error", () => connection(false));
  return source;
}

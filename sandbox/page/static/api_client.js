/** What the page says to its server, and what the server tells it. */

/** @typedef {import("./types.js").Json} Json */
/** @typedef {import("./types.js").Target} Target */

export class ApiClient {
  /**
   * @param {string} as  who acts
   * @param {(sentence: string) => void} onError
   */
  constructor(as, onError) {
    this.as = as;
    this.onError = onError;
  }

  /** Do something as a person would. @param {Json} act @returns {Promise<boolean>} whether it could be done */
  async send(act) {
    return (await this.post("/api/act", { as: this.as, ...act })) !== null;
  }

  /** What the app offers for what is typed. @param {Json} asked @returns {Promise<Json[]>} */
  async fetchOptions(asked) {
    return (await this.post("/api/options", { as: this.as, ...asked }))?.options ?? [];
  }

  /** @param {Json} change @returns {Promise<boolean>} */
  async setSwitch(change) {
    return (await this.post("/api/switch", change)) !== null;
  }

  /** @param {string} path @param {Json} body @returns {Promise<Json | null>} */
  async post(path, body) {
    try {
      const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
      const answer = await response.json();
      if (response.ok && answer.ok !== false) return answer;
      this.onError(answer.error ?? `That did not work (${response.status}).`);
    } catch {
      this.onError("The page's server did not answer. Is it still running?");
    }
    return null;
  }
}

/**
 * Hear of every change. @param {string} path @param {string} event
 * @param {(heard: any) => void} onMessage @param {(connected: boolean) => void} [onConnection]
 * @returns {EventSource}
 */
export function listen(path, event, onMessage, onConnection = () => {}) {
  const source = new EventSource(path);
  source.addEventListener(event, (message) => onMessage(JSON.parse(message.data)));
  source.addEventListener("open", () => onConnection(true));
  source.addEventListener("error", () => onConnection(false));
  return source;
}

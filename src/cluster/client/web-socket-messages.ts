// The receiving half of the WebSocket protocol (RFC 6455), as far as a server's answer to an exec needs it.

/** Opcodes above `binary` are frames about the connection. */
const opcodes = { binary: 2, close: 8 } as const;

interface Frame {
  readonly final: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
}

/** Assembles the messages of a WebSocket from the data on its connection. */
export class WebSocketMessages {
  readonly #longestBytes: number;
  /** Received data that is not a whole frame yet. */
  #rest: Buffer = Buffer.alloc(0);
  /** The frames of a message that is not complete. */
  #parts: Buffer[] = [];
  #partsBytes = 0;
  #closed = false;

  /** @param longestBytes limit for one message */
  constructor(longestBytes: number) {
    this.#longestBytes = longestBytes;
  }

  /** Whether the server has said that nothing more will come. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Takes received data, and returns the messages that are complete now. Pings are left unanswered.
   * @throws Error for data that is not a WebSocket's, and for a message that is too long
   */
  take(chunk: Buffer): readonly Buffer[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: Buffer[] = [];
    while (!this.#closed) {
      const frame = this.#nextFrame();
      if (frame === undefined) break;
      const message = this.#takeFrame(frame);
      if (message !== undefined) messages.push(message);
    }
    return messages;
  }

  #nextFrame(): Frame | undefined {
    const rest = this.#rest;
    if (rest.length < 2) return undefined;
    const [first = 0, second = 0] = rest;
    if ((first & 0x70) !== 0 || second > 127) throw new Error('that is no WebSocket of a server');
    const extra = second === 126 ? 2 : second === 127 ? 8 : 0;
    if (rest.length < 2 + extra) return undefined;
    const length = extra === 2 ? rest.readUInt16BE(2) : extra === 8 ? Number(rest.readBigUInt64BE(2)) : second;
    if (length > this.#longestBytes) throw new Error('a message is too long');
    const end = 2 + extra + length;
    if (rest.length < end) return undefined;
    this.#rest = rest.subarray(end);
    return { final: (first & 0x80) !== 0, opcode: first & 0x0f, payload: rest.subarray(2 + extra, end) };
  }

  /** @returns the message that this frame ends */
  #takeFrame({ final, opcode, payload }: Frame): Buffer | undefined {
    if (opcode === opcodes.close) this.#closed = true;
    if (opcode > opcodes.binary) return undefined;
    this.#parts.push(payload);
    this.#partsBytes += payload.length;
    if (this.#partsBytes > this.#longestBytes) throw new Error('a message is too long');
    if (!final) return undefined;
    const message = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partsBytes = 0;
    return message;
  }
}

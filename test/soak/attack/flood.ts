import { connect as tcpConnect, type Socket } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { ed25519KeyPair } from "../../../src/lib/tls/ed25519.ts";
import { identityOf } from "../../support/agent-client.ts";
import type { Attack, AttackCount, AttackTargets } from "./attack.ts";
import { preface, settings } from "./frames.ts";

/** Milliseconds before a connection that was closed is made again. */
const againAfter = 20;

/** An attack under way. Disposing ends it at once. */
export interface Flood extends Disposable {
  count(): AttackCount;
}

/** Carries an attack out until it is disposed of. What can't be written waits, so that the attacker's memory stays level. */
export function floodStart(attack: Attack, targets: AttackTargets): Flood {
  const count: AttackCount = { connections: 0, ended: 0, bytes: 0 };
  const open = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  const stranger = identityOf(ed25519KeyPair());
  const shown = attack.identity === "enrolled" ? targets.agent : stranger;
  let over = false;

  function later(action: () => void, milliseconds: number): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      action();
    }, milliseconds);
    timers.add(timer);
  }

  function connect(index: number): void {
    if (over) {
      return;
    }
    const where = { host: "127.0.0.1", port: targets.ports[attack.port] };
    const socket =
      attack.clear === true
        ? tcpConnect(where)
        : tlsConnect({
            ...where,
            rejectUnauthorized: false,
            ...(attack.http2 === false && attack.port === "operators" ? {} : { ALPNProtocols: ["h2"] }),
            ...(attack.identity === "none" ? {} : { key: shown.key, cert: shown.certificate }),
          });
    open.add(socket);
    socket.on("error", () => undefined);
    if (attack.deaf !== true) {
      socket.resume();
    }
    socket.once(attack.clear === true ? "connect" : "secureConnect", () => {
      count.connections += 1;
      drive(socket, index);
    });
    socket.once("close", () => {
      open.delete(socket);
      count.bytes += socket.bytesWritten;
      count.ended += over ? 0 : 1;
      later(() => connect(index), attack.again ?? againAfter);
    });
  }

  function drive(socket: Socket, index: number): void {
    let last = -1;
    const connection = { index, stream: () => (last += 2) };
    const first = attack.first?.(connection) ?? Buffer.alloc(0);
    socket.write(attack.http2 === false ? first : Buffer.concat([preface, settings(), first]));
    if (attack.closes === true) {
      socket.end();
      return;
    }
    if (attack.next === undefined) {
      return;
    }
    const { next, pace } = attack;
    const more = (): void => {
      if (over || socket.destroyed || !socket.writable || last > 0x7fff_0000) {
        socket.destroy();
        return;
      }
      const taken = socket.write(next(connection));
      if (pace !== undefined) {
        later(more, pace);
      } else if (taken) {
        setImmediate(more);
      } else {
        socket.once("drain", more);
      }
    };
    more();
  }

  for (let index = 0; index < attack.connections; index += 1) {
    connect(index);
  }
  return {
    count: () => ({ ...count, bytes: [...open].reduce((sum, { bytesWritten }) => sum + bytesWritten, count.bytes) }),
    [Symbol.dispose]: () => {
      over = true;
      timers.forEach((timer) => clearTimeout(timer));
      open.forEach((socket) => socket.destroy());
    },
  };
}

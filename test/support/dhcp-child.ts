// A DHCP client of our own, as a process for a network namespace: asks as firmware does, and prints what it was told.
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";

/** What it asks as. */
export interface DhcpAsk {
  /** Option 93; absent = it is not sent. */
  architecture?: number;
  vendorClass: string;
  /** The address that another server has given it. */
  address?: string;
  userClass?: string;
  /** Options that only iPXE has (175), and so on. */
  more?: Record<string, string>;
  /** Its network address in hex. */
  mac?: string;
  /** Option 97 in hex. */
  guid?: string;
  /** Silence is expected: a question that is answered at once is asked behind it, and when that is answered nothing more is waited for. */
  unanswered?: boolean;
}

/** What it was told. */
export interface DhcpTold {
  yiaddr: string;
  siaddr: string;
  file: string;
  vendorClass: string;
  router: string;
  /** The server's own address, and what the first line of its menu stands for. */
  server: string;
  item: string;
  /** Nothing was answered before a question that came later was. */
  silent?: true;
}

const magic = Buffer.from([99, 130, 83, 99]);
const [discover, request] = [1, 3];
/** What tells the answers of two questions apart: the question's own number, and a number that every server of ours answers. */
const [askNumber, probeNumber] = [0x12345678, 0x12345679];

function option(code: number, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([code, value.length]), value]);
}

/** RFC 2131, figure 1, and the options of RFC 4578. */
function message(type: number, ask: DhcpAsk, item?: Uint8Array, number = askNumber): Buffer {
  const head = Buffer.alloc(236);
  head.set([1, 1, 6, 0], 0);
  head.writeUInt32BE(number, 4);
  head.writeUInt16BE(0x8000, 10); // Answers by broadcast: this client has no address.
  if (type === request) {
    head.set((ask.address ?? "0.0.0.0").split(".").map(Number), 12);
  }
  head.set(Buffer.from(ask.mac ?? "525400000001", "hex"), 28);
  const architecture = Buffer.alloc(2);
  architecture.writeUInt16BE(ask.architecture ?? 0);
  return Buffer.concat([
    head,
    magic,
    option(53, Buffer.from([type])),
    option(55, Buffer.from([1, 3, 6, 43, 54, 60, 66, 67])),
    option(60, Buffer.from(ask.vendorClass)),
    ...(ask.architecture === undefined ? [] : [option(93, architecture)]),
    option(94, Buffer.from([1, 3, 16])),
    option(97, ask.guid === undefined ? Buffer.alloc(17) : Buffer.from(ask.guid, "hex")),
    ...(item === undefined ? [] : [option(43, Buffer.concat([option(71, item), Buffer.from([255])]))]),
    ...(ask.userClass === undefined ? [] : [option(77, Buffer.from(ask.userClass))]),
    ...Object.entries(ask.more ?? {}).map(([code, hex]) => option(Number(code), Buffer.from(hex, "hex"))),
    Buffer.from([255]),
  ]);
}

function optionsOf(bytes: Buffer, from: number): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (let at = from; at + 1 < bytes.length && bytes[at] !== 255;) {
    const [code = 0, length = 0] = bytes.subarray(at, at + 2);
    if (code === 0) {
      at += 1;
      continue;
    }
    options.set(code, bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return options;
}

function told(answer: Buffer): DhcpTold {
  const address = (at: number): string => [...answer.subarray(at, at + 4)].join(".");
  const options = optionsOf(answer, 240);
  const menu = optionsOf(options.get(43) ?? Buffer.alloc(0), 0).get(9);
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1").replace(/\0.*$/su, "");
  return {
    yiaddr: address(16),
    siaddr: address(20),
    file: text(options.get(67) ?? answer.subarray(108, 236)),
    vendorClass: text(options.get(60) ?? Buffer.alloc(0)),
    router: [...(options.get(3) ?? [])].join("."),
    server: [...(options.get(54) ?? [])].join("."),
    item: menu?.subarray(0, 2).toString("hex") ?? "",
  };
}

/** The answer; undefined where what was sent after it was answered first. */
function answerTo(
  socket: Socket,
  [packet, probe]: readonly [Buffer, (Buffer | undefined)?],
  port: number,
  host: string,
): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const send = (): void => {
      socket.send(packet, port, host);
      if (probe !== undefined) {
        socket.send(probe, port, host);
      }
    };
    const again = setInterval(send, 500);
    const late = setTimeout(() => reject(new Error("no answer within 8 s")), 8_000);
    socket.on("message", function heard(bytes: Buffer, _from: RemoteInfo) {
      const number = bytes.readUInt32BE(4);
      if (bytes[0] === 2 && (number === askNumber || number === probeNumber)) {
        clearInterval(again);
        clearTimeout(late);
        socket.off("message", heard);
        resolve(number === askNumber ? bytes : undefined);
      }
    });
    send();
  });
}

const ask = JSON.parse(process.argv[2] ?? "{}") as DhcpAsk;
const socket = createSocket({ type: "udp4", reuseAddr: true });
await new Promise<void>((resolve) => socket.bind(68, "0.0.0.0", resolve));
socket.setBroadcast(true);
// A proxy answers one question after the other: where this one's answer comes first, the other gets none.
const probe = { architecture: 0, vendorClass: "PXEClient:Arch:00000:UNDI:002001", mac: "525400000002" };
const behind = ask.unanswered === true ? message(discover, probe, undefined, probeNumber) : undefined;
const first = await answerTo(socket, [message(discover, ask), behind], 67, "255.255.255.255");
let offer: Partial<DhcpTold> = first === undefined ? { silent: true } : told(first);
if (first !== undefined && offer.file === "" && offer.server !== "" && offer.yiaddr === "0.0.0.0") {
  // A proxy is asked on its other port, for an item of its menu where it has sent one (PXE 2.1, 2.2.3 and 2.2.4).
  const item = offer.item === "" ? undefined : Buffer.from(`${offer.item}0000`, "hex");
  const answer = await answerTo(socket, [message(request, ask, item)], 4011, offer.server ?? "");
  offer = answer === undefined ? offer : told(answer);
}
process.stdout.write(JSON.stringify(offer));
socket.close();

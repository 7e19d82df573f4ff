// A DHCP client of our own, as a process for a network namespace: asks as firmware does, and prints what it was told.
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";

/** What it asks as. */
export interface DhcpAsk {
  architecture: number;
  vendorClass: string;
  /** The address that another server has given it. */
  address?: string;
  userClass?: string;
  /** Options that only iPXE has (175), and so on. */
  more?: Record<string, string>;
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
}

const magic = Buffer.from([99, 130, 83, 99]);
const [discover, request] = [1, 3];

function option(code: number, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([code, value.length]), value]);
}

/** RFC 2131, figure 1, and the options of RFC 4578. */
function message(type: number, ask: DhcpAsk, item?: Uint8Array): Buffer {
  const head = Buffer.alloc(236);
  head.set([1, 1, 6, 0, 0x12, 0x34, 0x56, 0x78], 0);
  head.writeUInt16BE(0x8000, 10); // Answers by broadcast: this client has no address.
  if (type === request) {
    head.set((ask.address ?? "0.0.0.0").split(".").map(Number), 12);
  }
  head.set([0x52, 0x54, 0, 0, 0, 1], 28);
  const architecture = Buffer.alloc(2);
  architecture.writeUInt16BE(ask.architecture);
  return Buffer.concat([
    head,
    magic,
    option(53, Buffer.from([type])),
    option(55, Buffer.from([1, 3, 6, 43, 54, 60, 66, 67])),
    option(60, Buffer.from(ask.vendorClass)),
    option(93, architecture),
    option(94, Buffer.from([1, 3, 16])),
    option(97, Buffer.alloc(17)),
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

function answerTo(socket: Socket, packet: Buffer, port: number, host: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const again = setInterval(() => socket.send(packet, port, host), 500);
    const late = setTimeout(() => reject(new Error("no answer within 8 s")), 8_000);
    socket.on("message", function heard(bytes: Buffer, _from: RemoteInfo) {
      if (bytes[0] === 2 && bytes.readUInt32BE(4) === 0x12345678) {
        clearInterval(again);
        clearTimeout(late);
        socket.off("message", heard);
        resolve(bytes);
      }
    });
    socket.send(packet, port, host);
  });
}

const ask = JSON.parse(process.argv[2] ?? "{}") as DhcpAsk;
const socket = createSocket({ type: "udp4", reuseAddr: true });
await new Promise<void>((resolve) => socket.bind(68, "0.0.0.0", resolve));
socket.setBroadcast(true);
let offer = told(await answerTo(socket, message(discover, ask), 67, "255.255.255.255"));
if (offer.file === "" && offer.server !== "") {
  // A proxy is asked on its other port, for an item of its menu where it has sent one (PXE 2.1, 2.2.3 and 2.2.4).
  const item = offer.item === "" ? undefined : Buffer.from(`${offer.item}0000`, "hex");
  offer = told(await answerTo(socket, message(request, ask, item), 4011, offer.server));
}
process.stdout.write(JSON.stringify(offer));
socket.close();

// Files that a deploy brings along: their contents by hash, and the Mounts that put them under names. Contents of 4 MiB
// and more come as blobs, by HTTP. A Mount of the workspace's own, such as the one with Modal's client, has no files here.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, rename, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import type { ControlPlaneHandlers } from "./definitions.ts";
import { failedPrecondition, notFound } from "./errors.ts";
import { contentId, newId } from "./ids.ts";

interface MountedFile {
  filename: string;
  sha256Hex: string;
  mode?: number | undefined;
}

export class Uploads {
  readonly #directory: string;
  readonly #mounts = new Map<string, readonly MountedFile[]>();
  #server: Server | undefined;
  #serving: Promise<string> | undefined;

  /** @param directory where contents are kept */
  constructor(directory: string) {
    this.#directory = directory;
  }

  #content(sha256Hex: string): string {
    return join(this.#directory, "content", sha256Hex.replace(/[^0-9a-f]/g, ""));
  }

  #blob(blobId: string): string {
    return join(this.#directory, "blobs", blobId.replace(/[^A-Za-z0-9-]/g, ""));
  }

  /** Puts a Mount's files where the folder stands for `/`. @throws ServerError NOT_FOUND */
  async place(mountId: string, folder: string): Promise<void> {
    const files = this.#mounts.get(mountId);
    if (!files) throw notFound(`Mount with ID '${mountId}' not found`);
    for (const { filename, sha256Hex, mode } of files) {
      const target = join(folder, join("/", filename));
      await mkdir(dirname(target), { recursive: true });
      await copyFile(this.#content(sha256Hex), target);
      if (mode) await chmod(target, mode & 0o777);
    }
  }

  handlers(): ControlPlaneHandlers {
    return {
      mountGetOrCreate: async ({ deploymentName, files }) => {
        const missing = files.find(({ sha256Hex }) => !existsSync(this.#content(sha256Hex)));
        if (missing) throw failedPrecondition(`The content of ${missing.filename} was not uploaded`);
        const text = JSON.stringify(deploymentName || files.map(({ filename, sha256Hex }) => [filename, sha256Hex]));
        const digest = createHash("sha256").update(text).digest();
        const mountId = contentId("mo", digest);
        this.#mounts.set(mountId, files);
        return { mountId, handleMetadata: { contentChecksumSha256Hex: digest.toString("hex") } };
      },
      mountPutFile: async ({ sha256Hex, data, dataBlobId }) => {
        const path = this.#content(sha256Hex);
        // Without content it only asks.
        if (!existsSync(path) && (data !== undefined || dataBlobId)) {
          await mkdir(dirname(path), { recursive: true });
          if (dataBlobId) await copyFile(this.#blob(dataBlobId), path);
          else {
            await writeFile(`${path}.part`, data ?? new Uint8Array());
            await rename(`${path}.part`, path);
          }
        }
        return { exists: existsSync(path), checkedAt: new Date() };
      },
      mountBatchedCheckExistence: async ({ sha256HexHashes }) => ({
        missingSha256HexHashes: sha256HexHashes.filter((hash) => !existsSync(this.#content(hash))),
        checkedAt: new Date(),
      }),
      blobCreate: async () => {
        const blobId = newId("bl");
        const uploadUrl = `${await this.#serve()}/${blobId}`;
        return { blobId, blobIds: [blobId], uploadUrls: { items: [uploadUrl] } };
      },
    };
  }

  /** Takes blobs by PUT, and answers with their MD5 as the client checks it. */
  #serve(): Promise<string> {
    this.#serving ??= new Promise((resolve, reject) => {
      const server = createServer((request, response) => {
        const path = this.#blob(request.url ?? "");
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", async () => {
          const bytes = Buffer.concat(chunks);
          await mkdir(dirname(path), { recursive: true });
          await writeFile(path, bytes);
          response.writeHead(200, { etag: `"${createHash("md5").update(bytes).digest("hex")}"` }).end();
        });
      });
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
      server.unref();
      this.#server = server;
    });
    return this.#serving;
  }

  close(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }
}

import { ImageService, ImageState, type ImageListResponse } from "../../../gen/farrier/operator/v1/image_pb.ts";

/** The newest version of each image; the page says so where there are more. */
export const imagesQuery = { method: ImageService.method.imageList, input: { pageSize: 500 } } as const;

/** All versions of one image, newest first. Pure. */
export function versionsQuery(name: string) {
  return { method: ImageService.method.imageList, input: { name, pageSize: 500 } } as const;
}

/** Milliseconds between two looks: each second while one of them is being fetched. Pure. */
export function imagesEvery(answer: ImageListResponse | undefined): number {
  return answer?.images.some(({ state }) => state === ImageState.FETCHING) === true ? 1_000 : 10_000;
}

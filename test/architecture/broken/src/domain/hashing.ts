export const sha256 = (text: string): string => text;

/** The tool's own version, part of every snapshot's identity. A test holds it equal to package.json. */
export const toolVersion = '0.1.0';

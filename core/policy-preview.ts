/** Rows of each table that a preview of a policy may show. */
export const largestPreview = 20;

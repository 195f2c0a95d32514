/** Words that say nothing, from the shortest to the longest; at least one of every length from 1 to 10. */
export const neutralWords: readonly string[] = (
  'a as at by if in it of on or so to up we and any day for let may new one out set the two use form from item line list more note page ' +
  'part plan some step text that this view with word light order other paper place plain point quiet short state still table there ' +
  'value where while around before common detail either figure letter middle normal number record sample second simple within another ' +
  'between content example general message neutral nothing regular several subject anything exercise ordinary possible sentence ' +
  'standard together whatever character different paragraph something collection indication'
).split(' ');

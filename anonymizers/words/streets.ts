/** Names of streets, for "rue des …" and "… Street" alike; letters of Latin-1 only. */
export const streetNames: readonly string[] = (
  'Abricotiers Acacias Ajoncs Alizés Amandiers Ancolies Aubépines Aulnes Azalées Bergeronnettes Bleuets Bouleaux Bouvreuils Bruyères ' +
  'Camélias Capucines Cèdres Cerisiers Charmes Châtaigniers Chênes Clématites Colombes Coquelicots Cormorans Cyprès Dahlias Écureuils ' +
  'Églantines Érables Fauvettes Figuiers Fougères Frênes Gardénias Genêts Glaïeuls Glycines Grives Hêtres Hirondelles Hortensias Iris ' +
  'Jasmins Jonquilles Lauriers Lavandes Libellules Lilas Lys Magnolias Marronniers Mésanges Mimosas Mouettes Mûriers Myrtilles Noyers ' +
  'Oliviers Ormes Palombes Papillons Pâquerettes Peupliers Pervenches Pins Pivoines Platanes Pommiers Primevères Pruniers Rossignols ' +
  'Sapins Saules Sorbiers Sureaux Tamaris Tilleuls Tourterelles Tulipes Violettes'
).split(' ');

/** Words before a French street name. */
export const frenchStreetTypes: readonly string[] = ['rue des', 'avenue des', 'allée des', 'chemin des', 'impasse des', 'place des'];

/** Words after an English street name. */
export const englishStreetTypes: readonly string[] = ['Street', 'Avenue', 'Lane', 'Road', 'Close', 'Square'];

/** First words of company names; letters of Latin-1 only. */
export const companyNouns: readonly string[] = (
  'Abeille Acacia Agate Albatros Alizé Alpage Amande Ambre Ancolie Ardoise Argile Arpège Astre Aubépine Aurore Balise Bambou Basalte ' +
  'Belvédère Bleuet Boréale Boussole Brise Bruyère Calliope Campanule Canopée Capella Cascade Cèdre Céleste Cobalt Colibri Comète ' +
  'Corail Cristal Cyprès Dauphin Delta Dolmen Écho Écluse Écume Élan Émeraude Equinoxe Escale Estuaire Falaise Fanal Faucon Fjord ' +
  'Fougère Galaxie Genêt Girouette Glacier Glycine Hamac Harmonie Havre Hirondelle Iris Ivoire Jade Jasmin Lagune Lavande Liane Lichen ' +
  'Lotus Lucarne Lynx Magma Marine Mélèze Méridien Mimosa Mosaïque Myrtille Nacre Nébuleuse Obsidienne Olivier Onyx Opale Orbite ' +
  'Orchidée Osier Palmier Papyrus Parallèle Pélican Phare Pinède Platane Polaire Prisme Récif Rivage Roseau Safran Santal Saphir ' +
  'Sirocco Solstice Source Tangente Tilleul Topaze Totem Triangle Tulipe Turquoise Vallon Verger Vertex Vigie Volcan Yucca Zèbre Zircon'
).split(' ');

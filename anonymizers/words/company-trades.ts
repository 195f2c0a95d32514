/** Second words of company names; letters of Latin-1 only. */
export const companyTrades: readonly string[] = (
  'Actions Affaires Analyses Artisans Assistance Audit Bâtiment Bureautique Cartographie Chauffage Chimie Collections Communication ' +
  'Composants Conseil Construction Convoyage Création Cuisine Décors Design Développement Diffusion Distribution Domaines Édition ' +
  'Emballage Énergie Équipement Études Expertise Export Finance Formation Gestion Graphisme Hôtellerie Immobilier Industrie ' +
  'Informatique Ingénierie Installation Instruments Jardin Location Logiciels Logistique Loisirs Maintenance Matériaux Mécanique Média ' +
  'Médical Mesure Métal Meubles Mobilité Motion Négoce Nettoyage Numérique Optique Organisation Outillage Partenaires Patrimoine ' +
  'Peinture Placement Plastiques Presse Production Projets Propreté Publicité Recherche Réseaux Restauration Robotique Santé Sécurité ' +
  'Services Signalétique Solutions Spectacles Sport Stratégie Studio Systèmes Technique Télécom Textile Tourisme Traduction Transport ' +
  'Travaux Usinage Vision Voyages'
).split(' ');

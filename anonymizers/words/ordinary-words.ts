/**
 * Words that are names of people too, or of companies, and stand in prose without naming anybody, French and English, without accents. As a
 * name of one word they are told by their capital.
 */
export const ordinaryWords: ReadonlySet<string> = new Set(
  (
    'aime ami ange avril balle barbe barre beau beaux belle berger bergere bien bijou bis blanc blanche bleu bois bon bonne bonnet bonheur ' +
    'bosse bouche boucher boulanger bouquet bourgeois bras brave brun brune cadet camus canard capitaine carre cerise chance chapelle charbon ' +
    'charpentier chasse chat chateau chef chemin chene chevalier chevre ciel claire clair clement clerc coeur colombe comte constant content ' +
    'coq cordier cordonnier costa cote couleur cour court cousin couture couturier croix cure dame dauphin doux droit duc ecole eglise embout ' +
    'espoir esprit etoile faucon fer ferme ferrand feu fiche fin fleur fleurs flamme fontaine foret forge fort fortune fossey four fournier ' +
    'franc france froid garde gardien garcon gentil grain grand grande gras gris gros guerre hiver honneur huit humbert jardin jardinier jaune ' +
    'jean jeune jeux joie joli jolie jour juge juin juillet juste lac laine lambert large leger libre lion lis loup lourd lune main maire ' +
    'maison maitre marche marchand mare marechal mari marin marine masse mauvais menage mercier merle mer meunier mien mignon moine moineau ' +
    'montagne mont moreau moulin muller muraille neuf noble noel noir noire nord oiseau olive olivier orange ouest page pain paix palais pape ' +
    'paradis parent paris pas passe pasteur patience peintre pelletier perle perrin petit petite petits pierre pigeon pin pinson plage plume ' +
    'poirier poisson pomme pont portail porte porter potier poulain pourquoi prairie pre prevot prince printemps prudence pur quatre raison ' +
    'rayon reine renard renaud rey riche richard roi romain romarin rond rose rouge rousse roux roy royal ruisseau sable sage saint sainte ' +
    'salle salles sante sauvage savoie sec secret serrurier signe simple soleil soir sorbier source sud table tailleur taille temps tendre ' +
    'terre tonnelier total tour tourneur tout travers tresor tulipe vache vaillant val valet vallee vent verdier verger vert victoire vidal ' +
    'vie vieux vigne vigneron ville vin violette vivier voisin volet vrai ' +
    'able ace archer art ash autumn bailey baker ball banks barber barker bass bay beach bean bear bell belt berry best bill bird bishop black ' +
    'bond booth bow bowl boy branch bridge bright brook brooks brown buck bull bunch burn bush butcher butler call camp can cannon carpenter ' +
    'carter case cash chance chancellor chase cherry chip church clay clean clear close coach cole cook cooper cotton court cox craft crane ' +
    'crisp cross crow crystal curry dale daisy dash dawn day deal dean dear dick dollar dove drake draw dream drew drive duke dust early earl ' +
    'east faith farmer fast field fields finch fine fish fisher flag flint flood flower fly ford forest forrest foster fox frank free french ' +
    'friend frost fuller gale gamble garden gates gay gem gene gentle gift ginger glass glory god gold golden good grace grant grass graves ' +
    'gray green grey grove guy hale hall hand hardy harmony hart harvest haven hawk hay hazel head heart heath heather hero hill hills holly ' +
    'honey hood hook hope horn house hunt hunter ice iris iron ivory ivy jack jade jay jewel job john joy judge june junior just keen key keys ' +
    'kind king kitchen knight lake lamb lance land lane large lark lawn leaf lee lemon lily little lock long lord love low luck lucky major man ' +
    'march mark marks marsh martial mason master may meadow mercy merry mike mild mill miller mills miner mint miss mist monday money moon moor ' +
    'moss mount nail new nice nick noble north nurse oak ocean olive orange page painter palm park parker parks parson past pat patience patty ' +
    'peace peach pearl penny pepper perry piper pitt pool poor pope porter pot potter pound powers pratt precious price priest prime prince ' +
    'print proper pry purple queen quick rain ray reader red reed rice rich ridge ring ripple river rivers road rob robin rock rod root rope ' +
    'rosemary round rowan royal ruby rude rush rusty sage sailor sales salt sand sandy savage say scarlet seal self senior service shark sharp ' +
    'shepherd shield shine short silver singer sky slater small smart smith snow son south spark spear spring stack star stark steel stone storm ' +
    'strange street strong sue summer summers sun sunny swan sweet swift tanner taylor temple terry tiger tinker town trip trout true tucker ' +
    'turner tyler valentine victor violet walker wall waters weaver webb weeks wells west wheat wheeler white wild will wind winter wise ' +
    'wolf wonder wood woods work world worth wright yard york young ' +
    'abonnement accueil acheteur adresse agence agent appel assistance atelier banque boite bureau cabinet caisse camion centre client clients ' +
    'commercial compte conseil contact copain copine dentiste directeur docteur email employe entreprise facture famille femme fils fille fixe ' +
    'fournisseur frere garage gerant groupe hopital hotel inconnu info infos livraison livreur maman mairie medecin messagerie mobile monsieur ' +
    'madame mademoiselle notaire nounou numero papa patron personne perso pharmacie plombier portable poste president pro prof ' +
    'rendez renseignement reparation responsable restaurant secretaire secretariat service societe soeur standard stage stagiaire support taxi ' +
    'technicien telephone test urgence vendeur voiture ' +
    'account admin administrator billing boss brother buyer company customer dad default desk doctor employee father guest help home info mail ' +
    'manager mother mum number office operator owner phone plumber postmaster reception root sale sales school secretary seller shop sister ' +
    'store system team tester unknown user users webmaster wife'
  )
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .split(' '),
);

/** Words that say nothing of themselves: never a name alone, whatever their capital, since sentences begin with them. */
export const functionWords: ReadonlySet<string> = new Set(
  (
    'a ai alors apres au aucun aussi autre aux avant avec avez avoir avons bien bonjour car ce cela celle celui ces cet cette ceux chez ci comme ' +
    'comment d dans de depuis des deux doit donc dont du elle elles en encore entre es est et etait ete etes etre eu eux fait faire faut ici il ils ' +
    'j je jusque l la le les leur leurs lors lui m ma mais me meme merci mes mieux moi moins mon n ne ni non nos notre nous on ont ou oui par parce ' +
    'pas peu peut plus pour pres qu quand que quel quelle qui quoi rappel rappeler rien s sa sans se sera ses si son sont sous sur t ta te tes toi ' +
    'ton tous tout toute toutes tres trois trop tu un une va vers voici voir vos votre vous y ' +
    'about after all also am an and any are as at be because been before but by can cc could did do does for from had has have he her here him his ' +
    'how i if in into is it its me my no not now of off on one only or our out over please re regards she so some than thank thanks that the their ' +
    'them then there these they this those to too two under until up us very was we were what when where which who why will with would yes yet you ' +
    'your hello hi bcc fw fwd tr cordialement salut ok na null none nan the von van der den la los las el del di da do dos das e il al'
  ).split(' '),
);

/** What stands before a name: the word after it is one even without a capital. */
export const titles: ReadonlySet<string> = new Set(
  'm mr mrs ms mme mmes mlle mlles monsieur madame mademoiselle miss mister dr doc docteur doctor me maitre prof pr'.split(' '),
);

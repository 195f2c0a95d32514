/** First names, French and English; letters of Latin-1 only, no two alike without their accents. */
export const firstNames: readonly string[] = (
  'Abigail Adelaide Adèle Adrien Agatha Agathe Aidan Aimée Alain Alastair Albane Albert Albion Aldous Alexandre Alexis Alfred Alice ' +
  'Alix Alphonse Amandine Amber Ambre Anatole André Andrew Angela Angèle Antoine Antonin Apolline Archer Ariane Aristide Armand Armelle ' +
  'Arnaud Arthur Ashley Astrid Aubin Aubrey Aude Auguste Aurore Axelle Baptiste Barbara Barnabé Barnaby Barry Basile Bastien Bella ' +
  'Bérénice Bernadette Bernard Berthe Bertille Bertram Bertrand Bethany Beverly Blaise Blanche Blandine Bonnie Bradley Brenda Brendan ' +
  'Bridget Bruce Bruno Bryony Caleb Calixte Calvin Capucine Carl Carole Caroline Cassandre Cecil Cecily Cedric Célestin Célestine ' +
  'Céline Césaire César Charlène Chester Christelle Christian Christophe Christopher Claire Clara Clarisse Claude Clémentine Clifford ' +
  'Clive Colette Colin Conrad Constance Constant Coralie Cordelia Corentin Corinne Cynthia Cyprien Cyril Daisy Damien Daniel Daphné ' +
  'Darcy David Dawn Deborah Delphine Denis Denise Derek Désiré Dexter Diana Diane Didier Dominique Donald Dorian Dorothy Douglas Duncan ' +
  'Dwight Edgar Edith Edmée Edmond Édouard Edwin Eileen Eleanor Éléonore Éliane Élie Élisa Elliot Élodie Eloi Elspeth Émeline Emerson ' +
  'Émile Émilien Emma Emmanuel Enid Éric Ernest Ernestine Estelle Esther Ethan Ethel Eugène Eugénie Eulalie Eunice Evan Évelyne Fabien ' +
  'Fabrice Faith Faustine Félicie Félix Ferdinand Fergus Fernand Fiona Firmin Flavie Flavien Fleur Flora Florence Florent Florian ' +
  'Frances Francine Francis Franck Frédéric Frederick Gabin Gabriel Gabrielle Gareth Gaspard Gaston Gauthier Gavin Gemma Geneviève ' +
  'Geoffrey Geoffroy Georges Gérald Gérard Germain Germaine Ghislaine Gideon Gilbert Gilda Gildas Giles Gilles Ginette Gisèle Glenda ' +
  'Gordon Graham Gregory Guy Gwen Gwenaël Hazel Heather Hector Heidi Henriette Herbert Hervé Hester Hilaire Hilary Hippolyte Holly ' +
  'Honoré Honorine Hortense Howard Hubert Huguette Humphrey Ian Ingrid Irène Irving Isabel Isabelle Isaure Isidore Ivy Jacinthe ' +
  'Jacqueline Jacques Jasper Jeanne Jeannine Jeffrey Jemima Jennifer Jeremy Jessica Jill Joachim Joan Joanna Jocelyn Joël Joëlle Jonas ' +
  'Jonathan Joseph Josette Joshua Josselin Joyce Judith Judy Jules Juliane Julien Justin Justine Keith Kenneth Kevin Kirk Kristin ' +
  'Lambert Lambeth Lance Laura Laure Laurel Laurent Laurette Lawrence Lazare Léandre Leland Léon Léonard Léonie Leonora Léontine ' +
  'Léopold Leslie Lester Lewis Lila Lilian Liliane Lillian Linda Lionel Lise Lloyd Loïse Lorna Lorraine Louis Louise Louison Luc Lucien ' +
  'Lucienne Lucinda Ludivine Ludovic Luther Mabel Madeleine Magali Malcolm Marc Marcel Marceline Marcia Margot Marguerite Marianne ' +
  'Marielle Marigold Marin Marine Marius Marjorie Marshall Marthe Martial Martin Martine Marvin Mathias Mathilde Maud Maurice Maxence ' +
  'Maxime Maxwell Mélanie Mélissa Melvin Meredith Mildred Millicent Mireille Mitchell Monica Monique Morgan Mortimer Muriel Myra Myriam ' +
  'Nadège Nadine Nancy Narcisse Nelson Nestor Neville Nicolas Nicole Nigel Ninon Nora Norbert Norman Octave Octavia Octavie Odette ' +
  'Odile Olivier Ombeline Ondine Opal Ophelia Oriane Orphée Orson Owen Pamela Pascal Pascale Patience Patrice Patrick Paul Paule ' +
  'Paulette Pauline Pénélope Percy Perrine Perry Philibert Philippa Philippe Philomène Phoebe Phyllis Pierre Prosper Prudence Quentin ' +
  'Quincy Rachel Ralph Ramona Randolph Raoul Raymond Reginald Régine Régis Reine Renaud René Renée Reuben Richard Robert Robin Roderick ' +
  'Rodney Rodolphe Roger Roland Romain Romane Roméo Ronald Rosalie Rosemary Rowena Roxane Rufus Rupert Russell Ruth Sabine Sabrina ' +
  'Salomé Samuel Sandrine Sébastien Selina Selwyn Séraphine Serge Séverin Séverine Shaun Sheila Shirley Sibyl Sidney Sidonie Simon ' +
  'Simone Solange Spencer Stanley Stella Stuart Susannah Sylvain Sylvette Sylvia Sylvie Tabitha Tanguy Terence Thaïs Thelma Theodora ' +
  'Théophile Thibault Thierry Thomas Timothée Timothy Toby Trevor Tristan Tyler Ulysse Urbain Ursula Ursule Valentin Valentine Valérie ' +
  'Vaughan Velma Vera Vernon Victoire Victor Victorine Vincent Violette Virgile Virginie Viviane Vivien Wallace Walter Wanda Warren ' +
  'Wendy Wesley Wilfred Wilma Winston Xavier Yann Yannick Yolande Yves Yvette Yvonne Zachary Zelda Zéphirin'
).split(' ');

/// Words for the first bits of a digest, 10 bits a word, so that two people can compare it on the telephone.
///
/// Six words are 60 bits: enough for a pair of offices who compare once, while both look.
/// - Parameter hex: the digest, in hexadecimal. Without enough digits for `count` words, or with others, there are none:
///   words that stand for less than they seem to must not be read out.
public func checkWords(ofHex hex: String, count: Int = 6) -> [String] {
    guard let bytes = bytes(ofHexadecimal: hex), count > 0, bytes.count >= (count * 10 + 7) / 8 else {
        return []
    }
    var words: [String] = []
    var held: UInt32 = 0
    var bits = 0
    for byte in bytes {
        held = held << 8 | UInt32(byte)
        bits += 8
        guard bits >= 10 else { continue }
        bits -= 10
        let index = Int(held >> UInt32(bits))
        held &= (1 << UInt32(bits)) - 1
        words.append(checkWordList.indices.contains(index) ? checkWordList[index] : "")
        if words.count == count { break }
    }
    return words
}

/// 1,024 words in alphabetical order, the first stands for 0; they are part of the format and never change.
///
/// No two differ by one letter, by two swapped ones or by their end alone, and none sounds like another word.
public let checkWordList: [String] =
    """
    acrobat actor adult adviser airport alarm album almanac almond amber ambulance anchor angel antenna
    anthem antique apartment applause apple apricot apron aquarium arcade armchair aroma arrow artichoke
    artist ashtray aspen asteroid astronaut athlete atlas attic auction audience author autumn avenue
    avocado bacon badge bagel bagpipe balcony ballet balloon bamboo banana bandage banjo barber barnacle
    basement basket battery beaver bedroom beehive beetle bellboy bellows beluga bench bicycle biologist
    birch birthday bishop bison blackbird blanket blazer blender blossom blueprint bobcat bonfire bonnet
    bookcase boomerang bracelet brass bravery breakfast brick briefcase broccoli brochure broom brother
    brunch brush bubble bucket buffalo builder bulldog bullfrog bumper bundle bungalow bureau burger butler
    buttercup butterfly button buzzard cabbage cabin cable cactus cafeteria camellia camera campfire canal
    canary candid canyon capsule captain caramel caravan cardigan cardinal cargo caribou carnival carousel
    carpet cartoon cashew castle catalog catfish cathedral cauldron cavern cedar celebrity celery cello
    cement central century ceramic chalk champion chapel chapter charade charcoal chariot cheddar cheese
    chemist chestnut chicken chicory chipmunk chisel chocolate chorus chrome cinema cinnamon circle circus
    citizen citrus clarinet classic clinic clipboard clock cloud clover coast cobalt cobweb cocktail cocoa
    coconut coffee collar colony comedy comet comic commuter compass concert conduct confetti convoy
    coriander corner cornfield costume cottage cotton cougar counter cousin cowboy coyote cranberry crater
    cream cricket crimson crocus croissant crossword crystal cucumber culture cupboard cupcake custard
    customer cutlery cyclist cyclone cypress daffodil dahlia daisy dancer dandelion daylight debate decade
    december decoy denim dentist deputy detective diagram diamond diary diesel dinner diploma director
    discount discover distant document dolly dolphin domino donkey doorbell dormouse dozen dragon drama
    dressing driver drizzle duchess duckling dumpling dusty earring earth eclair eclipse editor eggplant
    elbow elder elegant elevator eleven embassy emblem emerald emperor energy engine enigma envelope
    equator eraser essay estate evening evergreen exhibit explorer express eyebrow fabric factory falafel
    falcon family famous fanfare farmer fashion feather february fedora fence festival fiction fiddle field
    fiesta figure filter finger finish firefly fireplace firewood first fisherman flagpole flamingo flannel
    flash flavor flora flowerpot foghorn folder follow football foreman formula fossil fountain foxglove
    fraction fragrant freckle freedom freezer freight friday friend fritter fudge furnace future galaxy
    gallop garage garden gargoyle garlic garment garnet gazebo gazelle gecko general genius geology geyser
    giant giggle gingham giraffe gladiator glass glider goggles golden goldfish gondola goose gopher
    gourmet grammar granola gravel greyhound griddle grocery grotto group guava guitar gumdrop gusto
    gymnast habit hairpin halibut hallway hammock hamster handbook handle handshake harmony harness harvest
    haystack hazelnut headband headline health hedgehog helium helmet hermit heron hexagon hibiscus hiccup
    hiker hippo history hobby hockey holiday homework honest horizon horseshoe hospital hourglass humble
    hundred hurdle hurricane husky hyacinth hydrant iceberg icing igloo iguana image impala index inkwell
    innkeeper insect inside inspector invent island ivory jackal jacket jackpot jaguar jalapeno january
    jasmine javelin jellyfish jersey jester jewel jigsaw jingle joker journal jovial juggler juice jukebox
    jumbo juniper jupiter juror kangaroo kebab ketchup keyboard keyhole kilogram kimono kingdom kinship
    kiosk kitchen knapsack knuckle lacquer ladle ladybug lagoon landmark lantern laptop lasso latitude
    laughter laundry lavender leaflet league lecture leopard lettuce leverage library lifeboat lilac
    limerick limestone limousine listen lizard lobster locket lodge logic lollipop longbow lounge lozenge
    luggage lullaby lumber lunch lychee macaroni macaw machine magazine magenta magic magnolia magpie
    mahogany mailbox majesty mallard mammoth manager manatee mandolin mango mansion manual marathon marble
    march margin marigold market marmot maroon marzipan mascot master matinee mattress maximum meadow
    mechanic medicine megaphone melody melon mentor merchant mercury meringue mermaid meteor method metric
    midnight migrate mineral miracle mirror moccasin mocha model modern molecule moment monday mongoose
    monocle monument moonlight mosaic motto movie muffin mulberry museum mushroom mustang myrtle nachos
    napkin nature navigator necklace nectar neighbor nephew neptune network neutral newspaper ninety noble
    normal notebook nougat november nurse nutmeg oasis oatcake oatmeal observe ocelot octagon october
    octopus olive omelet opera opinion optic orbit orchard organ origami ornament osprey ostrich outback
    outfit outlook oxygen oyster pacific package paddock paella pagoda pajamas pamphlet pancake panorama
    panther papaya paprika parable parachute parade paradise parcel parent parlor parsnip partner passport
    pasta pastry patchwork patio patrol pattern pavement payment peach peacock peanut pebble pedestal
    pelican penguin peony pepper perfect perfume petunia pheasant phoenix pianist pickle picnic pigeon
    pilgrim pilot pinball pineapple pistachio pizza planet plankton plaster plastic platform platinum
    platypus plaza pliers plywood pomelo poncho popcorn poplar porcupine portrait possum postcard potato
    pottery poultry powder practice prairie precinct prelude pretzel primrose prince printer prism privacy
    professor profile program promise prosper protein publisher pudding puddle pumpkin puppet purple
    pyramid python quadrant quantum queen question quiche quilt quince quiver raccoon radiator radio radish
    rainbow raisin rapid raspberry ravioli recipe record rectangle rectory recycle redwood referee refresh
    refund regatta rehearse reindeer relish remedy remote reptile rescue reservoir resort retina retriever
    rhino rhubarb rhythm ribbon ridge ripple romance rooster rosemary rubber rucksack rugby runway safari
    salad salmon salute sample sandwich sapphire sardine satchel satellite saturn sausage savanna sawdust
    saxophone scallop scarf scholar scissors scooter scorpion script sculptor seafood seagull season second
    secret september sesame shadow shampoo shark sheep sherbet sheriff shield shirt shovel shrimp shuttle
    sidewalk signal silver siren sixty skate sketch slipper slogan smile smooth snack soccer soprano
    soybean spaghetti spanner sparrow spatula speaker spice spider spinach spiral spoon spring sprout
    squash squid squirrel stable stadium stage stamp station statue stereo steward sticker stone stool
    storm student studio submarine subway suitcase summit sunflower sunset surfboard surgeon surprise swift
    swimmer syrup system tablet tadpole tailor talent tangerine tanker tapestry target teacher teapot
    telescope temple tennis theater thermos thimble thirteen thistle thousand thread thumb thunder thursday
    ticket tiger timid tinsel tomato tomorrow toolbox topaz tornado tortoise totem toucan tourist towel
    tractor traffic trapeze treasure treaty triangle tribute tripod trombone trophy tropical trumpet trunk
    tuesday tugboat tulip tundra tunnel turban turkey turnip turquoise turtle tuxedo twelve twenty twilight
    typist ukulele umbrella umpire unicorn uniform universe uphill usher utensil vacation vacuum valley
    vanilla varnish vegetable vehicle velvet venus veranda viaduct victory video village vinegar vineyard
    vintage violet violin virtue visitor vitamin vivid volcano volume voyage waffle wagon waiter walnut
    walrus waltz wardrobe wasabi washer watch wedding wednesday welcome whisker windmill window winter
    wisdom wombat workshop wrinkle yacht yogurt zebra zenith zigzag zodiac zoology
    """.split { $0 == " " || $0 == "\n" }.map(String.init)

/// Seeds of histories that failed once; they are played first, for ever.
let keptSimulationSeeds: [UInt64] = [
    1180, 1331, 554, 629, 1154, 2856, 52004, 54688, 5861, 8808, 57968, 10136, 61704, 65404, 69904,
]

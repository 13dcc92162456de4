-- Flights with their airline, aircraft, destination and the weather at departure.
-- Left joins: a flight whose airline, aircraft or destination no reference row knows stays, with nulls.
SELECT
    records.*,
    airlines.name AS carrier_name,
    planes.type AS aircraft_type,
    planes.manufacturer,
    planes.model,
    planes.year::SMALLINT AS built,
    planes.seats::SMALLINT AS seats,
    airports.name AS dest_name,
    airports.lat AS dest_lat,
    airports.lon AS dest_lon,
    hourly.temp AS temp_f,
    hourly.wind_speed AS wind_speed_mph,
    hourly.precip AS precip_in,
    hourly.visib AS visib_mi
FROM records
LEFT JOIN airlines ON airlines.carrier = records.carrier
LEFT JOIN planes ON planes.tailnum = records.tailnum
LEFT JOIN airports ON airports.faa = records.dest
-- The weather has one row for each hour and airport of departure.
LEFT JOIN weather AS hourly ON hourly.origin = records.origin AND hourly.time_hour = records.time_hour

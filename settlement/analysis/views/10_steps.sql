-- One row a layer of a claim, with the claim it belongs to.
SELECT claim, insuplc_admdvs, mdtrtarea_admvs, insutype, med_type, day, unnest(layers, recursive := true)
FROM claims

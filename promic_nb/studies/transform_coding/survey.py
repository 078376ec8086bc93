"""The methods reviewed in the survey (section VI), and the notebooks that implement them."""

METHODS: tuple[tuple[str, str, str], ...] = (
    (
        "Wallace 1991",
        "JPEG: DCT, quantizer, entropy coder",
        "11_transform_coding, 03_codec_benchmark (jpeg)",
    ),
    (
        "Pratt 2006",
        "DFT coefficients under a threshold dropped, in the image or in blocks",
        "11_transform_coding",
    ),
    (
        "Sara et al. 2019",
        "MSE, PSNR, SSIM and FSIM compared",
        "11_transform_coding, 09_conformance",
    ),
    (
        "Pistono et al. 2020",
        "networks that learn from partly decompressed images",
        "07_train_detector (models B to ProMIC: from the latent)",
    ),
    (
        "Qiu et al. 2021",
        "deep residual learning restores what JPEG left out",
        "12_train_deblocking, 13_deblocking",
    ),
    (
        "P. V. Rao et al. 2010",
        "back-propagation network as a codec",
        "02_train_codec (a convolutional codec instead)",
    ),
    (
        "Dutta et al. 2009",
        "neural network codec with psycho-visual features",
        "02_train_codec (trained on MSE only)",
    ),
    (
        "Cheng et al. 2019",
        "six codecs in a subjective test",
        "03_codec_benchmark, 04_rate_distortion (objective metrics only)",
    ),
    ("Hu et al. 2020", "faces as shape and texture, coded apart", "none"),
    (
        "Ruihua et al. 2019",
        "GAN codec with post-processing of grey images",
        "none; post-processing of JPEG: 12_train_deblocking",
    ),
    (
        "Valenzise et al. 2018",
        "deep autoencoders against JPEG 2000 and BPG",
        "04_rate_distortion (hevc is BPG's coder)",
    ),
    (
        "Vilovic 2006",
        "multilayer perceptron as a block transform",
        "02_train_codec (starts from the block KLT, the best linear one)",
    ),
    ("Ge et al. 2017", "networks compressed by pruning and Huffman coding", "none"),
    ("Chen et al. 2008", "double JPEG compression detected", "none"),
    ("Evans et al. 2020", "activations compressed by JPEG during training", "none"),
    (
        "Kim et al. 2020",
        "asymmetric autoencoder with a pruned decoder",
        "02_train_codec (BOP: light synthesis), 10_complexity",
    ),
    (
        "Wan et al. 2020",
        "features kept alike for images and their JPEGs",
        "06_guided_translator (features alike for images and latents)",
    ),
    (
        "Deguerre et al. 2019",
        "object detection on DCT coefficients, without decoding",
        "07_train_detector, 08_detection (on the latent)",
    ),
)

"""Quality metrics by name: the table, and the type of parameters that name one."""

from typing import Annotated

from promic_nb.core.registry import Registry
from promic_nb.metrics.metric import Metric

METRICS = Registry[Metric](
    "metric",
    {
        "psnr": "promic_nb.metrics.psnr:PSNR",
        "ssim": "promic_nb.metrics.libraries:SSIM",
        "ms_ssim": "promic_nb.metrics.libraries:MS_SSIM",
        "iw_ssim": "promic_nb.metrics.iw_ssim:IW_SSIM",
        "vmaf": "promic_nb.metrics.vmaf:VMAF",
        "vif": "promic_nb.metrics.vif:VIF",
        "vif_wavelet": "promic_nb.metrics.vif_wavelet:VIF_WAVELET",
        "psnr_hvs": "promic_nb.metrics.psnr_hvs:PSNR_HVS",
        "psnr_hvs_m": "promic_nb.metrics.psnr_hvs:PSNR_HVS_M",
        "nlpd": "promic_nb.metrics.nlpd:NLPD",
        "fsim": "promic_nb.metrics.libraries:FSIM",
    },
    group="promic_nb.metrics",
)
MetricName = Annotated[str, METRICS]
